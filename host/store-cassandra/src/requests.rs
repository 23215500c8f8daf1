//! Rows that go in one request: a few of one table that are at home on one node. A request has a price of its own for the
//! server, which is that of a row and more.

use std::ops::Range;

use scylla::cluster::ClusterState;
use scylla::serialize::row::SerializeRow;

use crate::arrange::Job;

/// Most rows of a request: of more partitions the server warns (`unlogged_batch_across_partitions_warn_threshold`).
pub(crate) const MOST_ROWS: usize = 10;
/// Most bytes of several rows, as the server counts them: of more it warns (`batch_size_warn_threshold`).
const MOST_BYTES: usize = 5 << 10;
/// What the server counts for a cell beside texts: 16 for its time, life and end, and 8 for a number.
const CELL_BYTES: usize = 24;

/// Puts the jobs of each request beside each other; where each request's lie. `home`: the number of the node that has
/// a job's row; `cells`: how many cells a shape's rows have.
pub(crate) fn requests(
    jobs: &mut [Job],
    home: impl Fn(&Job) -> usize,
    cells: impl Fn(usize) -> usize,
) -> Vec<Range<usize>> {
    let mut placed: Vec<((usize, usize), Job)> =
        jobs.iter().map(|job| ((home(job), job.shape), *job)).collect();
    placed.sort_by_key(|(place, _)| *place);
    let (mut requests, mut start, mut bytes): (Vec<Range<usize>>, _, _) = (Vec::new(), 0, 0);
    let mut before = None;
    for (number, (to, (place, job))) in jobs.iter_mut().zip(placed).enumerate() {
        let more = job.bytes + CELL_BYTES * cells(job.shape);
        let is_full = number - start == MOST_ROWS || bytes + more > MOST_BYTES;
        if number > start && (is_full || before != Some(place)) {
            requests.push(start..number);
            (start, bytes) = (number, 0);
        }
        (*to, before, bytes) = (job, Some(place), bytes + more);
    }
    if start < jobs.len() {
        requests.push(start..jobs.len());
    }
    requests
}

/// The number of the node that is the first to have a row of a table; 0 where all are on one node, or it is not known.
pub(crate) fn home(cluster: &ClusterState, keyspace: &str, table: &str, key: &dyn SerializeRow) -> usize {
    let nodes = cluster.get_nodes_info();
    if nodes.len() < 2 {
        return 0;
    }
    let Ok(token) = cluster.compute_token(keyspace, table, key) else { return 0 };
    let replicas = cluster.get_token_endpoints(keyspace, table, token);
    let first = replicas.first().map(|(node, _)| node.host_id);
    nodes.iter().position(|node| Some(node.host_id) == first).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(row: usize, shape: usize, bytes: usize) -> Job {
        Job { row, shape, ttl_s: 0, bytes }
    }

    fn rows(jobs: &[Job], requests: &[Range<usize>]) -> Vec<Vec<usize>> {
        requests.iter().map(|request| jobs[request.clone()].iter().map(|job| job.row).collect()).collect()
    }

    #[test]
    fn a_request_is_of_one_table_and_one_node() {
        let mut jobs: Vec<Job> =
            (0..6).flat_map(|row| [job(row, 0, 100), job(row, usize::from(row > 2), 100)]).collect();
        let requests = requests(&mut jobs, |job| job.row % 2, |_| 10);
        assert_eq!(
            rows(&jobs, &requests),
            [vec![0, 0, 2, 2, 4], vec![4], vec![1, 1, 3, 5], vec![3, 5]],
            "by node, then by table"
        );
    }

    #[test]
    fn a_request_is_small_enough_that_no_server_warns() {
        let mut jobs: Vec<Job> = (0..25).map(|row| job(row, 0, 20)).collect();
        let lengths = |requests: Vec<Range<usize>>| requests.into_iter().map(|r| r.len()).collect::<Vec<_>>();
        assert_eq!(lengths(requests(&mut jobs, |_| 0, |_| 14)), [10, 10, 5]);
        let mut jobs: Vec<Job> = [200, 200, 5_000, 20_000, 200].map(|bytes| job(0, 0, bytes)).into();
        assert_eq!(lengths(requests(&mut jobs, |_| 0, |_| 14)), [2, 1, 1, 1], "one at least");
        assert!(requests(&mut [], |_| 0, |_| 14).is_empty());
    }
}
