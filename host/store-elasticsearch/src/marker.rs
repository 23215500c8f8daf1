//! The marker: which store this is, so that one that was emptied, restored or exchanged is not taken for it.
//!
//! It is a document beside the cursors that names the index that it lies in by the id that the cluster gave it when
//! it was made. A copy and a restored index have another one.

use deliver::StoreError;
use elasticsearch::http::Method;
use serde_json::{Map, Value, json};

use crate::client::Client;

/// Which store this is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Marker {
    pub store: String,
    /// New cursors begin with it.
    pub epoch: u64,
}

/// What is there.
pub(crate) enum State {
    /// Not even an index.
    Nothing,
    /// An index of cursors, without a marker.
    Unmarked,
    Marked(Marker),
}

/// The fields of cursors and of the marker.
pub(crate) fn fields() -> Map<String, Value> {
    let (keyword, long) = (json!({"type": "keyword"}), json!({"type": "long"}));
    let pairs = [
        ("store", keyword.clone()),
        ("epoch", long.clone()),
        ("topic", keyword),
        ("partition", long.clone()),
        ("next_offset", long),
    ];
    pairs.into_iter().map(|(name, mapping)| (name.into(), mapping)).collect()
}

pub(crate) fn find(client: &Client, index: &str) -> Result<State, StoreError> {
    let answer = client.ask(Method::Get, &format!("{index}/_doc/marker"), None)?;
    if answer.status == 404 {
        let has_index = answer.name() != "index_not_found_exception";
        return Ok(if has_index { State::Unmarked } else { State::Nothing });
    }
    let found = answer.json()?;
    let store = found.pointer("/_source/store").and_then(Value::as_str);
    let epoch = found.pointer("/_source/epoch").and_then(Value::as_u64);
    Ok(store
        .zip(epoch)
        .map_or(State::Unmarked, |(store, epoch)| State::Marked(Marker { store: store.into(), epoch })))
}

/// The id that the cluster gave an index.
pub(crate) fn id_of_index(client: &Client, index: &str) -> Result<String, StoreError> {
    let found = client.get(&format!("{index}/_settings?filter_path=*.settings.index.uuid"))?;
    let index = found.as_ref().and_then(Value::as_object).and_then(|indices| indices.values().next());
    let id = index.and_then(|index| index.pointer("/settings/index/uuid")).and_then(Value::as_str);
    id.map(ToOwned::to_owned).ok_or_else(|| StoreError::Failed("the cluster names no id of an index".into()))
}

/// Writes the marker; where there is one already it stays, unless `is_replaced`.
pub(crate) fn write(
    client: &Client,
    index: &str,
    epoch: u64,
    is_replaced: bool,
) -> Result<Marker, StoreError> {
    let marker = Marker { store: id_of_index(client, index)?, epoch };
    let how = if is_replaced { "_doc" } else { "_create" };
    let document = json!({"store": marker.store, "epoch": epoch});
    let answer = client.put(Method::Put, &format!("{index}/{how}/marker"), &document)?;
    if answer.status == 409 && !is_replaced {
        let State::Marked(marker) = find(client, index)? else { return Err(foreign("its marker is gone")) };
        return Ok(marker);
    }
    answer.done().map(|()| marker)
}

/// Looks whether the marker is that of the index that it lies in, and the one expected.
pub(crate) fn check(
    client: &Client,
    index: &str,
    marker: &Marker,
    expected: Option<&str>,
) -> Result<(), StoreError> {
    if expected.is_some_and(|expected| expected != marker.store) {
        return Err(foreign("its marker is another store's"));
    }
    if id_of_index(client, index)? != marker.store {
        return Err(foreign("its marker was copied here, from a backup or from another cluster"));
    }
    Ok(())
}

pub(crate) fn foreign(why: &str) -> StoreError {
    StoreError::Foreign(format!(
        "{why}; look whether `url` and `prefix` are right, then either restore it, or have it filled again from the \
         log (`vigie stores accept`)"
    ))
}
