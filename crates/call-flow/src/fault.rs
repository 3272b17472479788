//! What is wrong in a file that an office wrote, where, and what to do about it.

/// One fault of a flow or a transcript: the operator's to mend.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error, serde::Serialize)]
#[error("{file}:{line}:{column}: {what}; {remedy}")]
pub struct Fault {
    /// The file's name, as it was given to the reader.
    pub file: String,
    /// The line, counted from 1.
    pub line: u32,
    /// The column, counted in characters from 1.
    pub column: u32,
    /// What is wrong, as a clause without a full stop.
    pub what: String,
    /// What to do about it, as a clause without a full stop.
    #[serde(rename = "do")]
    pub remedy: String,
}

/// Of two names that differ by a slip, which is meant: the nearest known name, if it is near.
pub(crate) fn did_you_mean<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let given: Vec<char> = given.chars().take(64).flat_map(char::to_lowercase).collect();
    known
        .into_iter()
        .map(|name| (distance(&given, &name.chars().take(64).collect::<Vec<_>>()), name))
        .filter(|(distance, name)| *distance <= (name.chars().count().max(given.len()) / 3).clamp(1, 3))
        .min()
        .map(|(_, name)| name)
}

/// The number of letters to insert, drop, replace or swap with their neighbour to get from one to the other.
fn distance(from: &[char], to: &[char]) -> usize {
    let width = to.len() + 1;
    let mut rows = vec![vec![0; width]; from.len() + 1];
    rows[0] = (0..width).collect();
    for (i, a) in from.iter().enumerate() {
        rows[i + 1][0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let replaced = rows[i][j] + usize::from(a != b);
            let mut least = replaced.min(rows[i][j + 1] + 1).min(rows[i + 1][j] + 1);
            if i > 0 && j > 0 && *a == to[j - 1] && from[i - 1] == *b {
                least = least.min(rows[i - 1][j - 1] + 1);
            }
            rows[i + 1][j + 1] = least;
        }
    }
    rows[from.len()][to.len()]
}

#[cfg(test)]
mod tests {
    use super::did_you_mean;

    #[test]
    fn a_slip_finds_the_name_that_was_meant() {
        let known = ["greeting", "to_sales", "to_reception", "next", "no_match"];
        for (given, meant) in [
            ("greting", Some("greeting")),
            ("to_slaes", Some("to_sales")),
            ("To_Sales", Some("to_sales")),
            ("nxt", Some("next")),
            ("nomatch", Some("no_match")),
            ("voicemail", None),
            ("", None),
        ] {
            assert_eq!(did_you_mean(given, known), meant, "{given}");
        }
    }
}
