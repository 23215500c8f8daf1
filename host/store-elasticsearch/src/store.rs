//! The store, put together.

use std::collections::BTreeMap;
use std::time::Instant;

use deliver::{Batch, Begun, Reject, Store, StoreError, Table};
use event::Encoder;

use crate::client::Client;
use crate::cursors::{self, At, Cursors, Known, Written};
use crate::document::{self, Documents};
use crate::limit::Limit;
use crate::marker::{self, Marker, State};
use crate::names;
use crate::options::Options;
use crate::probe::Server;
use crate::sender::{BatchInCall, Call, InFlight, Sender};
use crate::tables::Held;
use crate::templates::{Found, Template};

/// How often a cursor is set anew where another process was faster.
const REWIND_TRIES: u32 = 5;
/// As many more rows are expected than there are, as the first ones may be shorter: no crumbs are left.
const SPARE_ROWS: usize = 64;

/// A store on Elasticsearch or OpenSearch. It has a runtime of its own: to be used, and dropped, on a thread that is
/// not one of an async runtime.
///
/// # What may happen to rows
/// A row lies in the index of its event time's month. A revision whose event time lies in another month would be a
/// second document of the same id there, and the first would stay; revisions of Vigie's never do that, as the id is
/// made of the raw record, and an aggregate's of its window. Where a table has no event time its rows lie in the month
/// of their revision, so each should have only one.
pub struct ElasticsearchStore {
    options: Options,
    limit: Limit,
    encoder: Encoder,
    opened: Option<Opened>,
    /// The last that was seen, also where it is not open.
    marker: Option<Marker>,
    cursors: Cursors,
    /// When cursors were last written.
    kept_at: Instant,
    in_flight: InFlight,
}

/// What there is only after `open`.
struct Opened {
    client: Client,
    server: Server,
    /// By topic.
    tables: BTreeMap<String, Held>,
}

fn closed() -> StoreError {
    StoreError::Failed("the store was not opened".into())
}

impl ElasticsearchStore {
    /// A store that is not open yet; nothing is connected or read.
    ///
    /// # Errors
    /// [`StoreError::Failed`] where the options cannot be.
    pub fn new(options: Options) -> Result<Self, StoreError> {
        options.check()?;
        let limit = Limit::new(options.max_bulk_bytes);
        let (encoder, cursors) = (Encoder::new(), Cursors::default());
        let (opened, marker, in_flight) = (None, None, InFlight::default());
        Ok(Self { options, limit, encoder, opened, marker, cursors, kept_at: Instant::now(), in_flight })
    }

    /// What the cluster lacks of what was asked for, each in a sentence; known once it was opened.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let Some(Opened { server, tables, .. }) = &self.opened else { return Vec::new() };
        let lacks = |name: &&String| !server.analyzers.contains(*name);
        let analyzers = self.options.text_analyzers.iter().filter(lacks);
        let mut warnings: Vec<String> = analyzers
            .map(|name| format!("the cluster has no analyser `{name}`: text is not searched by it"))
            .collect();
        let is_shape = |name: &String| self.options.shape_columns.contains(name);
        let mut layouts = tables.values().map(|table| &table.layout);
        if !server.has_shapes && layouts.any(|layout| layout.fields.keys().any(is_shape)) {
            warnings.push("the cluster knows no shapes: they are kept, and not searched".into());
        }
        warnings
    }

    fn index(&self) -> String {
        names::cursors(&self.options.prefix)
    }

    /// Reads the files of secrets anew, and looks what the cluster can do.
    fn connect(&self, tables: &[Table]) -> Result<Opened, StoreError> {
        let client = Client::new(&self.options)?;
        let server = Server::look(&client, &self.options)?;
        let mut held: BTreeMap<String, Held> = BTreeMap::new();
        for table in tables {
            let new = Held::new(table, &self.options, &server)?;
            if let Some(other) = held.values().find(|other| other.stem == new.stem) {
                let why = format!("topic {} would have the same table", other.layout.topic);
                return Err(StoreError::Differs { table: table.topic.clone(), why });
            }
            held.insert(table.topic.clone(), new);
        }
        Ok(Opened { client, server, tables: held })
    }

    /// Whether it is the store that is expected, or none where none is expected.
    fn check_marker(&self, client: &Client, state: &State) -> Result<(), StoreError> {
        let expected = self.options.store_id.as_deref().or(self.id());
        match state {
            State::Nothing if expected.is_none() => Ok(()),
            State::Nothing => Err(marker::foreign("it was emptied")),
            State::Unmarked => Err(marker::foreign("its marker is gone")),
            State::Marked(marker) => marker::check(client, &self.index(), marker, expected),
        }
    }

    fn cursors_template(&self) -> Template {
        let index = self.index();
        let options = Options { shards: 1, ..self.options.clone() };
        Template::new(index.clone(), index, Vec::new(), &options, marker::fields())
    }

    /// The last of what is made, so that what was interrupted is not taken for whole.
    fn migrate_cursors(&mut self, client: &Client, done: &mut Vec<String>) -> Result<(), StoreError> {
        let (template, index) = (self.cursors_template(), self.index());
        if !matches!(template.find(client)?, Found::AsWanted) {
            template.put(client)?;
            done.push(format!("template {index} made"));
        }
        let answer = client.ask(elasticsearch::http::Method::Put, &index, None)?;
        match answer.name().as_str() {
            "resource_already_exists_exception" => {}
            _ => {
                answer.done()?;
                done.push(format!("index {index} made"));
            }
        }
        self.marker = Some(marker::write(client, &index, 1, false)?);
        Ok(())
    }

    /// Makes everything where nothing at all is there; else it is somebody's to say so.
    fn make_all(&mut self, opened: &mut Opened) -> Result<(), StoreError> {
        let mut is_empty = matches!(self.cursors_template().find(&opened.client)?, Found::Nothing);
        for table in opened.tables.values() {
            is_empty &= !table.has_template(&opened.client)?;
        }
        if !is_empty {
            return Err(marker::foreign("its cursors are gone, while templates of tables are there"));
        }
        for table in opened.tables.values_mut() {
            table.migrate(&opened.client, &mut Vec::new())?;
        }
        self.migrate_cursors(&opened.client, &mut Vec::new())
    }

    /// Waits until each row with a number below this one is there, or refused.
    fn settle_until(&mut self, end_row: usize) -> Result<(), StoreError> {
        let Opened { client, tables, .. } = self.opened.as_mut().ok_or_else(closed)?;
        let concurrency = self.options.concurrency;
        Sender::new(client, &mut self.limit, tables, concurrency, &mut self.in_flight).settle_until(end_row)
    }

    /// Sends rows, and comes back when the last of them are on their way.
    fn begin_rows(&mut self, batches: &[Batch<'_>]) -> Result<Begun, StoreError> {
        let Some(topic) = batches.first().map(|batch| batch.topic) else {
            return Ok(Begun::Done(Vec::new()));
        };
        let index = self.index();
        let mut epochs = Vec::with_capacity(batches.len());
        for batch in batches {
            let client = &self.opened.as_ref().ok_or_else(closed)?.client;
            let known = self.cursors.find(client, &index, &(topic.into(), batch.partition))?;
            epochs.push(known.map_or(self.epoch(), |known| known.epoch));
        }
        let Opened { client, tables, .. } = self.opened.as_mut().ok_or_else(closed)?;
        let unopened = || StoreError::Failed("a topic's table was not opened".into());
        tables.get(topic).ok_or_else(unopened)?;
        let first_row = self.in_flight.next_row;
        let in_call = |(batch, epoch): (&Batch<'_>, u64)| {
            let Batch { partition, next_offset, rows, .. } = *batch;
            BatchInCall { partition, epoch, next_offset, rows: rows.num_rows() }
        };
        let in_call = batches.iter().zip(epochs).map(in_call).collect();
        let call = Call { topic: topic.into(), first_row, batches: in_call };
        let count = call.end_row() - first_row;
        self.in_flight.next_row = call.end_row();
        self.in_flight.calls.push_back(call);
        let mut documents = Documents { count: first_row, ..Documents::default() };
        let mut sender =
            Sender::new(client, &mut self.limit, tables, self.options.concurrency, &mut self.in_flight);
        for batch in batches {
            let layout = &sender.tables.get(topic).ok_or_else(unopened)?.layout;
            for (rows, revisions_us) in document::parts(layout, batch)? {
                let table = sender.tables.get_mut(topic).ok_or_else(unopened)?;
                let Held { layout, stem, .. } = &*table;
                document::add(&mut documents, layout, stem, &mut self.encoder, &rows, revisions_us)?;
                for month in &documents.months {
                    table.ensure_index(client, month)?;
                }
                if documents.count == first_row + rows.num_rows() {
                    sender.expect(documents.rows.bytes() / rows.num_rows().max(1) * (count + SPARE_ROWS));
                }
                sender.send_full(&mut documents.rows)?;
            }
        }
        sender.send_rest(documents.rows)?;
        self.in_flight.reject(documents.rejects);
        Ok(Begun::OnTheirWay)
    }

    /// What became of what was begun first.
    fn settle_first(&mut self) -> Result<Vec<Vec<Reject>>, StoreError> {
        let Some(end_row) = self.in_flight.calls.front().map(Call::end_row) else { return Ok(Vec::new()) };
        self.settle_until(end_row)?;
        let Some(call) = self.in_flight.calls.pop_front() else { return Ok(Vec::new()) };
        let rejects = self.in_flight.rejects_of(&call);
        for BatchInCall { partition, epoch, next_offset, .. } in call.batches {
            self.cursors.advance((call.topic.clone(), partition), epoch, next_offset);
        }
        Ok(rejects)
    }

    /// Gives up what is on its way, where something went wrong.
    fn or_give_up<T>(&mut self, done: Result<T, StoreError>) -> Result<T, StoreError> {
        if done.is_err() {
            self.in_flight = InFlight::default();
        }
        done
    }

    fn opened(&self) -> Result<&Opened, StoreError> {
        self.opened.as_ref().ok_or_else(closed)
    }

    fn epoch(&self) -> u64 {
        self.marker.as_ref().map_or(1, |marker| marker.epoch)
    }

    /// Whether the store still is the one that was opened: it may have been emptied meanwhile.
    fn check_still(&self) -> Result<(), StoreError> {
        match marker::find(&self.opened()?.client, &self.index())? {
            State::Marked(marker) if Some(&marker.store) == self.marker.as_ref().map(|m| &m.store) => Ok(()),
            _ => Err(marker::foreign("it was emptied or exchanged while it was written to")),
        }
    }
}

impl Store for ElasticsearchStore {
    fn open(&mut self, tables: &[Table]) -> Result<(), StoreError> {
        self.opened = None;
        (self.cursors, self.in_flight) = Default::default();
        let mut opened = self.connect(tables)?;
        let state = marker::find(&opened.client, &self.index())?;
        self.check_marker(&opened.client, &state)?;
        match state {
            State::Marked(marker) => self.marker = Some(marker),
            _ => self.make_all(&mut opened)?,
        }
        for table in opened.tables.values_mut() {
            table.check(&opened.client)?;
        }
        self.opened = Some(opened);
        Ok(())
    }

    fn id(&self) -> Option<&str> {
        self.marker.as_ref().map(|marker| marker.store.as_str())
    }

    // A field that was added is empty in rows that are there already, and a repeat does not fill it.
    fn migrate(&mut self, tables: &[Table]) -> Result<Vec<String>, StoreError> {
        let mut opened = self.connect(tables)?;
        let mut done = Vec::new();
        let index = self.index();
        let state = marker::find(&opened.client, &index)?;
        self.check_marker(&opened.client, &state)?;
        for table in opened.tables.values_mut() {
            table.migrate(&opened.client, &mut done)?;
        }
        self.migrate_cursors(&opened.client, &mut done)?;
        Ok(done)
    }

    fn adopt(&mut self, tables: &[Table]) -> Result<(), StoreError> {
        let (client, index) = (Client::new(&self.options)?, self.index());
        (self.options.store_id, self.marker, self.opened) = (None, None, None);
        match marker::find(&client, &index)? {
            State::Nothing => {}
            State::Unmarked => drop(marker::write(&client, &index, 1, true)?),
            State::Marked(marker) => drop(marker::write(&client, &index, marker.epoch + 1, true)?),
        }
        self.migrate(tables).map(drop)
    }

    fn cursor(&mut self, topic: &str, partition: u32) -> Result<Option<u64>, StoreError> {
        let index = self.index();
        let client = &self.opened.as_ref().ok_or_else(closed)?.client;
        let known = self.cursors.find(client, &index, &(topic.into(), partition))?;
        Ok(known.map(|known| known.next_offset))
    }

    fn write(&mut self, batch: &Batch<'_>) -> Result<Vec<Reject>, StoreError> {
        self.begin(std::slice::from_ref(batch))?;
        Ok(self.settle()?.pop().unwrap_or_default())
    }

    // A request has a price of its own, however few rows are in it.
    fn begin(&mut self, batches: &[Batch<'_>]) -> Result<Begun, StoreError> {
        let begun = self.begin_rows(batches);
        self.or_give_up(begun)
    }

    fn settle(&mut self) -> Result<Vec<Vec<Reject>>, StoreError> {
        let settled = self.settle_first();
        self.or_give_up(settled)
    }

    fn flush(&mut self, all: bool) -> Result<(), StoreError> {
        if self.cursors.are_kept() || (!all && self.kept_at.elapsed() < self.options.cursor_interval()) {
            return Ok(());
        }
        self.check_still()?;
        let index = self.index();
        let client = &self.opened.as_ref().ok_or_else(closed)?.client;
        self.cursors.write(client, &index)?;
        self.kept_at = Instant::now();
        Ok(())
    }

    fn forget(&mut self) {
        self.in_flight = InFlight::default();
        self.cursors.forget();
    }

    fn rewind(&mut self, topic: &str, partition: u32, next_offset: u64) -> Result<(), StoreError> {
        self.check_still()?;
        let (index, at): (_, At) = (self.index(), (topic.into(), partition));
        let client = &self.opened.as_ref().ok_or_else(closed)?.client;
        for _ in 0..REWIND_TRIES {
            let before = cursors::read(client, &index, &at)?;
            let epoch = before.map_or(self.epoch(), |known| known.epoch + 1);
            let new = Known { epoch, next_offset };
            if cursors::put(client, &index, &[(at.clone(), new.clone())])? == [Written::Kept] {
                self.cursors.set(at, new);
                return Ok(());
            }
        }
        Err(StoreError::Away("other processes set the same cursor: try again".into()))
    }
}
