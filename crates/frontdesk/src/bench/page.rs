//! The outcome as one HTML page that needs nothing else: figures, verdicts, and the histograms as pictures.

use super::histogram::{Bar, Summary};
use super::report::{Report, Verdict};
use std::fmt::Write;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#1c2530}
h1{font-size:1.6rem}h2{font-size:1.15rem;margin:2rem 0 .5rem}table{border-collapse:collapse;width:100%}
th,td{text-align:right;padding:.3rem .6rem;border-bottom:1px solid #dde3ea;font-variant-numeric:tabular-nums}
th:first-child,td:first-child{text-align:left}.good{color:#12703a}.bad{color:#b3261e;font-weight:600}
svg{width:100%;height:auto;background:#f6f8fa;border-radius:6px}.pictures{display:grid;gap:1.2rem;grid-template-columns:repeat(auto-fit,minmax(26rem,1fr))}
figure{margin:0}figcaption{font-size:.9rem;color:#51606f}rect{fill:#2f6fb2}rect:hover{fill:#0d3d6e}text{font:11px system-ui,sans-serif;fill:#51606f}
@media(prefers-color-scheme:dark){body{background:#12171d;color:#dfe6ee}svg{background:#1b222a}th,td{border-color:#2c3641}rect{fill:#6aa7e0}
text,figcaption{fill:#9fb0c0;color:#9fb0c0}.good{color:#5fd08a}.bad{color:#ff8a80}}";

/// The size of a picture, in its own units.
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 190.0;
const FOOT: f64 = 30.0;

/// The page. Writing into a `String` cannot fail, so the results of `write!` are let go.
pub fn page(report: &Report) -> String {
    let mut html = String::with_capacity(32 * 1_024);
    let target = escaped(report.plan.target.as_deref().unwrap_or("calls that came in"));
    let _ = write!(
        html,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>frontdesk bench: {target}</title><style>{STYLE}</style></head><body>\
         <h1>frontdesk bench: {target}</h1>"
    );
    let asked = &report.plan;
    let _ = write!(
        html,
        "<p>{} calls, {} a second, {} s of {} each; {} % of the packets lost and the others delayed by up to {} ms on \
         purpose. The target is <b>{}</b>.</p>",
        asked.calls,
        asked.rate,
        asked.seconds,
        asked.codec,
        number(asked.loss_percent),
        number(asked.jitter_ms),
        match report.sound.target {
            "echo" => "an echo",
            "bridge" => "a bridge",
            "speaks" => "somebody who speaks",
            _ => "silent",
        }
    );
    verdicts(&mut html, &report.limits);
    calls(&mut html, report);
    sound(&mut html, report);
    times(&mut html, report);
    html.push_str("<h2>How the times are spread</h2><div class=\"pictures\">");
    for (name, bars) in report.histograms.iter().filter(|(_, bars)| !bars.is_empty()) {
        picture(&mut html, name, bars);
    }
    html.push_str("</div></body></html>\n");
    html
}

fn verdicts(html: &mut String, verdicts: &[Verdict]) {
    if verdicts.is_empty() {
        return;
    }
    html.push_str(
        "<h2>What was asked</h2><table><tr><th>figure</th><th>limit</th><th>measured</th><th></th></tr>",
    );
    for Verdict { what, limit, measured, kept } in verdicts {
        let measured = measured.map_or("not measured".to_owned(), number);
        let (class, word) = if *kept { ("good", "kept") } else { ("bad", "broken") };
        let _ = write!(
            html,
            "<tr><td>{what}</td><td>{}</td><td>{measured}</td><td class=\"{class}\">{word}</td></tr>",
            number(*limit)
        );
    }
    html.push_str("</table>");
}

fn calls(html: &mut String, report: &Report) {
    let calls = &report.calls;
    html.push_str("<h2>Calls</h2><table><tr><th></th><th>number</th></tr>");
    for (what, count) in [
        ("placed", calls.placed),
        ("answered", calls.answered),
        ("ended as calls should", calls.completed),
        ("answered by this bench", calls.taken),
    ] {
        let _ = write!(html, "<tr><td>{what}</td><td>{count}</td></tr>");
    }
    for (why, count) in &calls.failed {
        let _ = write!(html, "<tr><td class=\"bad\">failed: {}</td><td>{count}</td></tr>", escaped(why));
    }
    html.push_str("</table>");
}

fn sound(html: &mut String, report: &Report) {
    let sound = &report.sound;
    html.push_str("<h2>Packets and keys</h2><table><tr><th></th><th>number</th></tr>");
    for (what, count) in [
        ("packets sent", sound.sent),
        ("lost on purpose", sound.lost_on_purpose),
        ("came", sound.came),
        ("should have come, each leg's first half second apart", sound.due),
        ("lost", sound.lost),
        ("came twice", sound.twice),
        ("came after a later one", sound.late_in_order),
        ("of the target's own", sound.unstamped),
        ("keys pressed", sound.keys_sent),
        ("keys that came", sound.keys_came),
    ] {
        let _ = write!(html, "<tr><td>{what}</td><td>{count}</td></tr>");
    }
    html.push_str("</table>");
    if let Some(opinion) = sound.opinion {
        let _ =
            write!(html, "<p>A listener's opinion by the E-model (G.107): <b>{opinion:.2}</b> of 4.5.</p>");
    }
    if let Some(two) = &report.sound.two_clocks {
        let _ = write!(
            html,
            "<p>The other bench's clock is {} ms ahead, to within {} ms. It had {} packets of this one.</p>",
            number(two.ahead_ms),
            number(two.quickest_round_trip_ms / 2.0),
            two.had_there
        );
    }
}

fn times(html: &mut String, report: &Report) {
    let two = report.sound.two_clocks.as_ref();
    html.push_str(
        "<h2>Times in milliseconds</h2><table><tr><th></th><th>count</th><th>min</th><th>p50</th><th>p90</th><th>p99</th>\
         <th>p99.9</th><th>max</th></tr>",
    );
    for (what, summary) in [
        ("INVITE → 100", report.calls.trying),
        ("INVITE → 180", report.calls.ringing),
        ("INVITE → 200", report.calls.answer),
        ("200 → first sound", report.calls.first_sound),
        ("delay from leg to leg", report.sound.delay),
        ("to the target and back", report.sound.round_trip),
        ("to the other bench", two.and_then(|two| two.there)),
        ("from the other bench", two.and_then(|two| two.back)),
        ("spacing of packets sent 20 ms apart", report.sound.spacing),
    ] {
        let Some(Summary { count, min_ms, p50_ms, p90_ms, p99_ms, p999_ms, max_ms, .. }) = summary else {
            continue;
        };
        let _ = write!(html, "<tr><td>{what}</td><td>{count}</td>");
        for value in [min_ms, p50_ms, p90_ms, p99_ms, p999_ms, max_ms] {
            let _ = write!(html, "<td>{}</td>", number(value));
        }
        html.push_str("</tr>");
    }
    html.push_str("</table>");
}

fn picture(html: &mut String, name: &str, bars: &[Bar]) {
    let most = bars.iter().map(|bar| bar.count).max().unwrap_or(1).max(1) as f64;
    let width = WIDTH / bars.len().max(1) as f64;
    let _ = write!(
        html,
        "<figure><figcaption>{}</figcaption><svg viewBox=\"0 0 {WIDTH} {}\" role=\"img\" aria-label=\"histogram of {}\">",
        escaped(name),
        HEIGHT + FOOT,
        escaped(name)
    );
    for (at, bar) in bars.iter().enumerate() {
        // What is rare is still seen: the height is that of the root.
        let height = (bar.count as f64 / most).sqrt() * (HEIGHT - 8.0);
        let _ = write!(
            html,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{height:.1}\"><title>{} – {} ms: {}</title></rect>",
            at as f64 * width,
            HEIGHT - height,
            (width - 0.6).max(0.6),
            number(bar.from_ms),
            number(bar.to_ms),
            bar.count
        );
    }
    for share in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let at = ((bars.len() as f64 * share) as usize).min(bars.len() - 1);
        let anchor = if share == 0.0 {
            "start"
        } else if share == 1.0 {
            "end"
        } else {
            "middle"
        };
        let value = if share == 1.0 { bars[at].to_ms } else { bars[at].from_ms };
        let _ = write!(
            html,
            "<text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"{anchor}\">{} ms</text>",
            WIDTH * share,
            HEIGHT + 18.0,
            number(value)
        );
    }
    html.push_str("</svg></figure>");
}

/// With three digits that say something.
fn number(value: f64) -> String {
    let digits = if value == 0.0 || value.fract() == 0.0 {
        0
    } else {
        (2 - value.abs().log10().floor() as i32).clamp(0, 4) as usize
    };
    format!("{value:.digits$}")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits_that_say_something() {
        for (value, text) in
            [(0.0, "0"), (20.0, "20"), (0.012_345, "0.0123"), (1.2345, "1.23"), (123.4, "123")]
        {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn what_a_target_says_of_itself_cannot_write_into_the_page() {
        assert_eq!(escaped("<script>\"&"), "&lt;script&gt;&quot;&amp;");
    }

    #[test]
    fn a_picture_of_one_bar_is_drawn() {
        let mut html = String::new();
        picture(&mut html, "delay", &[Bar { from_ms: 1.0, to_ms: 1.5, count: 7 }]);
        assert!(html.contains("1 – 1.50 ms: 7") && html.contains("</svg>"), "{html}");
    }
}
