//! The mark by which a store knows that this is the lake that it wrote to.

use bytes::Bytes;
use deliver::StoreError;
use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::folder::LOCK;
use crate::objects::Objects;

const PLACE: &str = "_vigie/store.json";

/// Which lake it is: one that was emptied and begun again has another id.
#[derive(Serialize, Deserialize)]
struct Marker {
    store_id: String,
}

/// A text by chance unlike any other.
pub(crate) fn by_chance() -> String {
    hex::encode(rand::random::<[u8; 8]>())
}

/// Reads the lake's id; none: it has no mark.
pub(crate) async fn read(objects: &Objects) -> Result<Option<String>, StoreError> {
    let Some((bytes, _)) = objects.get(PLACE).await? else { return Ok(None) };
    let read: Result<Marker, _> = serde_json::from_slice(&bytes);
    let marker = read.map_err(|_| StoreError::Failed("the lake's mark cannot be read".into()))?;
    Ok(Some(marker.store_id))
}

/// Finds the lake's id, or gives it one where it is empty and none is expected.
pub(crate) async fn claim(objects: &Objects, expected: Option<&str>) -> Result<String, StoreError> {
    if let Some(found) = read(objects).await? {
        return check(found, expected);
    }
    if expected.is_some() {
        return Err(StoreError::Foreign("it has been emptied: its mark is missing; restore it, or have it filled again from the log (`vigie stores accept`)".into()));
    }
    let mut listing = objects.list("").await?;
    while let Some((name, _)) = listing.next().await? {
        if name != LOCK {
            let why = "it holds files without a mark; name an empty folder or prefix";
            return Err(StoreError::Foreign(why.into()));
        }
    }
    let marker = Marker { store_id: by_chance() };
    let body =
        serde_json::to_vec(&marker).map_err(|_| StoreError::Failed("a mark cannot be written".into()))?;
    match objects.replace(PLACE, Bytes::from(body), None).await {
        Ok(_) => Ok(marker.store_id),
        // Another process was quicker, or this one: what is there now counts.
        Err(Fault::Conflict) => match read(objects).await? {
            Some(found) => Ok(found),
            None => Err(StoreError::Away("its mark comes and goes".into())),
        },
        Err(Fault::Store(error)) => Err(error),
    }
}

fn check(found: String, expected: Option<&str>) -> Result<String, StoreError> {
    if expected.is_some_and(|expected| expected != found) {
        return Err(StoreError::Foreign("it was begun anew, or comes out of a backup; restore it, or take it as it is (`vigie stores accept`)".into()));
    }
    Ok(found)
}
