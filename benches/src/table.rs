//! The table that a bench prints: markdown, so that it can stand in a README.

use crate::budget::Budget;
use crate::machine;

/// Figures, their promises, and what others need.
#[derive(Debug)]
pub struct Table {
    budget: Budget,
    rows: Vec<String>,
    broken: usize,
    load_before: String,
}

impl Table {
    /// An empty one; notes how busy the machine is.
    pub fn new() -> Self {
        let load_before = machine::load();
        Table { budget: Budget::read(), rows: Vec::new(), broken: 0, load_before }
    }

    /// A figure that `budget.toml` knows. `shown` is what is printed, `judged` what is held against the promise.
    ///
    /// # Panics
    /// When `budget.toml` has no promise of that name: the bench and the file belong together.
    pub fn figure(&mut self, name: &str, shown: &str, judged: f64) {
        let promise = self.budget.promise.get(name).unwrap_or_else(|| panic!("budget.toml lacks {name}"));
        let kept = judged <= promise.at_most;
        let verdict = if kept { "" } else { " **(exceeded)**" };
        let (what, unit, at_most) = (&promise.what, &promise.unit, promise.at_most);
        let others = self.budget.others(name);
        self.rows.push(format!("| {what} | {unit} | {shown} | {at_most}{verdict} | {others} |"));
        self.broken += usize::from(!kept);
    }

    /// A figure beside which nothing stands.
    pub fn note(&mut self, what: &str, unit: &str, shown: &str) {
        self.rows.push(format!("| {what} | {unit} | {shown} | | |"));
    }

    /// Prints it, with the command that repeats it.
    pub fn print(&self, command: &str) {
        println!("\n`{command}`, load before {}, after {}:\n", self.load_before, machine::load());
        println!(
            "| figure | unit | frontdesk | promised at most (of several values the first) | recorded of others |"
        );
        println!("|---|---|---|---|---|");
        for row in &self.rows {
            println!("{row}");
        }
        println!("\nOthers: {}", self.budget.recorded_how);
        if self.broken > 0 {
            println!(
                "{} promises were not kept in this run: is the machine busy with something else?",
                self.broken
            );
        }
    }
}

impl Default for Table {
    fn default() -> Self {
        Table::new()
    }
}
