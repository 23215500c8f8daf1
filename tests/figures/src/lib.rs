//! Figures of repeated runs, each beside its limit, and what a process uses, as the kernel counts it.

mod process;

pub use process::{cpu_s, forget_peak, peak_mib};

/// Figures of repeated runs.
#[derive(Clone, Debug, Default)]
pub struct Figures(Vec<f64>);

impl Figures {
    /// In any order.
    pub fn new(figures: impl IntoIterator<Item = f64>) -> Self {
        let mut figures: Vec<f64> = figures.into_iter().collect();
        figures.sort_unstable_by(f64::total_cmp);
        Self(figures)
    }

    fn min(&self) -> f64 {
        self.0.first().copied().unwrap_or(f64::NAN)
    }

    fn max(&self) -> f64 {
        self.0.last().copied().unwrap_or(f64::NAN)
    }

    /// Of an even number the lower one of the two in the middle.
    #[must_use]
    pub fn median(&self) -> f64 {
        self.0.get(self.0.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN)
    }
}

/// A line of the table.
pub struct Row {
    /// What is measured, and its unit.
    pub name: String,
    /// What was measured.
    pub figures: Figures,
    /// The most that the median may be, and where that comes from.
    pub limit: Option<(f64, String)>,
}

impl Row {
    /// A figure without a limit.
    pub fn new(name: impl Into<String>, figures: Figures) -> Self {
        Self { name: name.into(), figures, limit: None }
    }

    /// With a limit that is asked for.
    #[must_use]
    pub fn most(mut self, limit: f64) -> Self {
        self.limit = Some((limit, "asked for".into()));
        self
    }

    /// With a limit of `times` another figure's median, and `more`.
    #[must_use]
    pub fn within(mut self, times: f64, more: f64, other: &Figures, what: &str) -> Self {
        let median = other.median();
        let (limit, ratio) = (median * times + more, self.figures.median() / median);
        let of = if more > 0.0 {
            format!("{what} + {more}")
        } else {
            format!("{times} x {what}; is {ratio:.2} x")
        };
        self.limit = Some((limit, of));
        self
    }
}

/// Prints all figures.
pub fn print(rows: &[Row]) {
    let wide = rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0);
    println!(
        "{:<wide$}  {:>9} {:>9} {:>9} {:>9}  verdict  limit is",
        "figure", "min", "median", "max", "limit"
    );
    for Row { name, figures, limit } in rows {
        let verdict = match limit {
            Some((limit, _)) if figures.median() <= *limit => "met",
            Some((limit, _)) if !limit.is_nan() && !figures.median().is_nan() => "MISSED",
            _ => "-",
        };
        let most = limit.as_ref().map_or_else(String::new, |(limit, _)| format!("{limit:.2}"));
        let of = limit.as_ref().map_or("", |(_, of)| of.as_str());
        let (min, median, max) = (figures.min(), figures.median(), figures.max());
        println!("{name:<wide$}  {min:>9.2} {median:>9.2} {max:>9.2} {most:>9}  {verdict:<7}  {of}");
    }
}
