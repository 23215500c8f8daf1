//! Figures and their table.

/// Repetitions of one measurement.
#[derive(Clone, Debug)]
pub struct Times(Vec<f64>);

impl Times {
    pub fn new(mut times: Vec<f64>) -> Self {
        times.sort_unstable_by(f64::total_cmp);
        Self(times)
    }

    fn at(&self, share: f64) -> f64 {
        let last = self.0.len().saturating_sub(1);
        self.0.get((last as f64 * share) as usize).copied().unwrap_or(f64::NAN)
    }

    pub fn median(&self) -> f64 {
        self.at(0.5)
    }

    pub fn min(&self) -> f64 {
        self.at(0.0)
    }

    /// What this takes beyond something else, repetition by repetition in the order of their times.
    pub fn less(&self, other: &Self) -> Self {
        Self::new(self.0.iter().zip(&other.0).map(|(a, b)| a - b).collect())
    }
}

/// A line of the table.
pub struct Row {
    pub name: String,
    pub times: Times,
    /// The most that the median may be, where there is a goal.
    pub limit: Option<f64>,
    /// Where the limit comes from.
    pub of: String,
}

impl Row {
    pub fn new(name: &str, times: Times, limit: Option<f64>, of: &str) -> Self {
        Self { name: name.into(), times, limit, of: of.into() }
    }
}

/// Prints all figures.
pub fn print(rows: &[Row]) {
    let wide = rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0);
    println!(
        "{:<wide$}  {:>9} {:>9} {:>9} {:>9}  verdict  limit is",
        "figure", "min", "median", "max", "limit"
    );
    for Row { name, times, limit, of } in rows {
        let verdict = match limit {
            None => "-",
            Some(limit) if times.median() <= *limit => "met",
            Some(_) => "MISSED",
        };
        let limit = limit.map_or_else(String::new, |limit| format!("{limit:.1}"));
        println!(
            "{name:<wide$}  {:>9.1} {:>9.1} {:>9.1} {limit:>9}  {verdict:<7}  {of}",
            times.min(),
            times.median(),
            times.at(1.0)
        );
    }
}
