//! One file that says all about some runs: sentences, curves, tables and the run files; nothing comes from outside.

use crate::{
    Chart, Images, Results, RunView, Sentence, Table,
    card::paper,
    chart::{ExhibitChart, GapPlane},
    figure,
    scene::{SANS, TOKENS},
    table::{SPREAD, called, glossary, samples, title},
    view::Played,
};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use indexmap::IndexMap;
use maud::{Markup, PreEscaped, html};
use spec::{Catalogue, Exhibit, MethodInfo, MetricData, Report};

/// The width of a full chart, in pixels.
const WIDTH: f64 = 672.0;

/// A page of runs: all figures first, then what the stages of each said while it ran. Every name, message and setting
/// is escaped; scripts and outside requests are forbidden by the page itself.
pub fn html(runs: &[Played], catalogue: &Catalogue) -> String {
    const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";
    let reports: Vec<Report> = runs.iter().map(|run| run.report.clone()).collect();
    let name = match runs {
        [Played { report, .. }] if !report.spec.name.is_empty() => report.spec.name.clone(),
        [_] => "A run".into(),
        _ => format!("{} runs", runs.len()),
    };
    let (results, called) = (Results::new(&reports, catalogue), called(&reports));
    let page = html! {
        (PreEscaped("<!doctype html>"))
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width,initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { (name) " · Palimpsest" }
                style { (PreEscaped(format!(":root{TOKENS}body{{font:14px/20px {SANS}{STYLE}"))) }
            }
            body {
                main {
                    h1 { (name) }
                    (about(&reports, &called))
                    @for (family, figures) in results.tables() {
                        h2 class="family" { (family) }
                        div class="wide" { (table(&figures)) }
                    }
                    p class="about" {
                        @if reports.iter().flat_map(|report| &report.rows).any(|row| row.spread.is_some()) {
                            (SPREAD) " "
                        }
                        @if let Some(silence) = results.silence() { (silence) " " }
                        "report.json has the value of each seed, and the 95 % interval of each share of one seed."
                    }
                    @for (played, called) in runs.iter().zip(&called) {
                        @if runs.len() > 1 { h2 { (called) } }
                        (stages(played, catalogue))
                    }
                    h2 { "What the figures mean" }
                    div class="wide words" { (table(&glossary(results.metrics.iter().map(MetricData::metric)))) }
                    h2 { "The methods" }
                    div class="wide words" { (table(&methods(&reports, catalogue))) }
                    h2 { "To play it again" }
                    @for played in runs { (again(&played.report)) }
                }
            }
        }
    };
    // A name from a file may hold what no page may.
    let shown = |character: char| if character.is_control() && character != '\n' { '\u{fffd}' } else { character };
    page.into_string().chars().map(shown).chain(['\n']).collect()
}

/// Seeds, device, engine and time, and what to know before trusting the figures. Several runs stand in a table, and
/// what is said of more than one of them stands once.
fn about(reports: &[Report], called: &[String]) -> Markup {
    let mut list = Table::new(3, ["Run", "Seeds", "Device", "Time, s"]);
    for (report, called) in reports.iter().zip(called) {
        let device = format!("{}, engine {}", spec::device_name(&report.device), report.engine);
        list.rows.push(vec![called.clone(), seeds(report), device, figure::fixed(report.seconds, 1)]);
    }
    let samples = |report: &Report| -> Vec<String> {
        report.samples.iter().map(|(task, of)| format!("Samples of {task}: {}.", samples(of))).collect()
    };
    let warnings = |report: &Report| report.warnings.iter().map(|why| format!("Warning: {why}")).collect();
    let unfinished = |report: &Report| report.unfinished.iter().map(|why| format!("Not finished: {why}.")).collect();
    let lines = [once(reports, called, samples), once(reports, called, warnings), once(reports, called, unfinished)];
    html! {
        @if let [report] = reports { p class="about" { (facts(report)) } } @else { div class="wide" { (table(&list)) } }
        @for line in lines.iter().flatten() { p class="about" { (line) } }
    }
}

/// What is said of some runs, each line once; before it the runs, where it is not said of all.
fn once(reports: &[Report], called: &[String], said: impl Fn(&Report) -> Vec<String>) -> Vec<String> {
    let mut lines: IndexMap<String, Vec<&str>> = IndexMap::new();
    for (report, called) in reports.iter().zip(called) {
        said(report).into_iter().for_each(|line| lines.entry(line).or_default().push(called));
    }
    let line = |(line, of): (String, Vec<&str>)| match of.len() < reports.len() {
        true => format!("{}: {line}", of.join("; ")),
        false => line,
    };
    lines.into_iter().map(line).collect()
}

/// "1, 2, 3"
fn seeds(report: &Report) -> String {
    match &report.played_seeds[..] {
        [] => report.seed.to_string(),
        seeds => seeds.iter().map(u32::to_string).collect::<Vec<_>>().join(", "),
    }
}

/// "seeds 1, 2, 3, CPU, engine 0.1.0, 12.3 s"
fn facts(report: &Report) -> String {
    let many = if report.played_seeds.len() > 1 { "seeds" } else { "seed" };
    let seeds = format!("{many} {}", seeds(report));
    let seconds = figure::fixed(report.seconds, 1);
    format!("{seeds}, {}, engine {}, {seconds} s", spec::device_name(&report.device), report.engine)
}

/// What each stage says, with its curves.
fn stages(played: &Played, catalogue: &Catalogue) -> Markup {
    let report = &played.report;
    let view = RunView { spec: &report.spec, catalogue, known: &played.stages };
    let facts = facts(report);
    let names = view.names();
    let is_judged = |name: &&String| report.value(name, "gap").is_some() && !view.is_reference(name);
    html! {
        @if report.played_seeds.len() > 1 {
            p class="about" {
                "Curves over steps and images are those of seed " (report.seed) "; other figures are means over the \
                    seeds."
            }
        }
        @for (name, stage) in names.iter().zip(&report.spec.stages) {
            @let sentence = view.finished(name);
            @let things = view.things(&view.task(name));
            @let curves = played.stages.get(name).map_or_else(Vec::new, |outcome| outcome.curves(&things));
            @let outcome = played.stages.get(name);
            @let exhibits = outcome.map_or(&[][..], |outcome| &outcome.exhibits);
            @if sentence.is_some() || !curves.is_empty() || !exhibits.is_empty() {
                section {
                    h3 { (title(catalogue, &stage.id)) (view.aim(name)) " " small { (name) } }
                    @if let Some(sentence) = &sentence { (said(sentence)) }
                    @for curve in &curves { (chart(curve, &facts, &format!("{} by step", curve.subject))) }
                    @for exhibit in exhibits {
                        @if let Some(drawn) = ExhibitChart::of(exhibit) {
                            (chart(&drawn, &facts, &figure::capital(exhibit.series())))
                        } @else if let Some(images) = outcome.and_then(|outcome| outcome.images.get(exhibit.series())) {
                            (sheet(exhibit, images))
                        }
                    }
                }
            }
        }
        @if let Some(name) = names.iter().rfind(is_judged) {
            @let plane = GapPlane::of(&view, &names, Some(name));
            section { (chart(&plane, &facts, "How close to never having seen it")) }
        }
    }
}

/// What each method of these runs does, and the paper that it is from.
fn methods(reports: &[Report], catalogue: &Catalogue) -> Table {
    let mut table = Table::new(3, ["Method", "What it does", "Paper"]);
    let ids = reports.iter().flat_map(|report| &report.spec.stages).map(|stage| stage.id.as_str());
    let mut known: Vec<&MethodInfo> = ids.filter_map(|id| catalogue.method(id)).collect();
    known.sort_by_key(|method| &method.card.title);
    known.dedup_by_key(|method| &method.card.id);
    let row = |MethodInfo { card, .. }: &MethodInfo| vec![card.title.clone(), card.summary.clone(), paper(card)];
    table.rows = known.into_iter().map(row).collect();
    table
}

/// The run file, what tells whether it was played alike, and what was saved.
fn again(report: &Report) -> Markup {
    html! {
        details { summary { "Run file" } pre { (report.spec.to_toml()) } }
        @if !report.hashes.is_empty() {
            details {
                summary { "Fingerprints of seed " (report.seed) ", equal on every device" }
                pre { @for (what, hash) in &report.hashes { (what) "  " (hash) "\n" } }
            }
        }
        @if !report.files.is_empty() {
            details { summary { "Saved files" } pre { (report.files.join("\n")) } }
        }
    }
}

fn said(sentence: &Sentence) -> Markup {
    html! {
        p class="say" {
            @for span in &sentence.spans {
                @if let Some(role) = span.role {
                    b style={ "color:" (role.css()) } { (span.text) }
                } @else {
                    (span.text)
                }
            }
            @if let Some(pill) = &sentence.pill { " " span class="pill" title=(pill.why) { (pill.words) } }
        }
    }
}

/// The picture, and under it the same figures as a table.
fn chart<C: Chart>(chart: &C, about: &str, heading: &str) -> Markup {
    let mut scene = chart.scene(WIDTH, C::HEIGHT);
    scene.about = about.into();
    html! {
        h4 { (heading) }
        (PreEscaped(scene.svg()))
        details { summary { "As a table" } div class="wide" { (table(&chart.table())) } }
    }
}

/// Images one beside the other, each with its number and what is said of it.
fn sheet(exhibit: &Exhibit, images: &Images) -> Markup {
    let Exhibit::Images { series, ids, captions, signed, .. } = exhibit else { return html! {} };
    html! {
        h4 { (figure::capital(series)) }
        div class="sheet" {
            @for (at, id) in ids.iter().enumerate() {
                figure {
                    img alt={ "image " (id) } src=(png(images, at, *signed));
                    figcaption { (captions.get(at).map_or_else(|| id.to_string(), String::clone)) }
                }
            }
        }
    }
}

/// An image as a PNG that the page holds itself. Grey is ink on paper; of a difference, blue is less and red is more.
fn png(images: &Images, at: usize, signed: bool) -> String {
    let ([channels, height, width], values) = (images.shape, images.one(at));
    let size = height * width;
    let byte = |share: f32| (255.0 * share.clamp(0.0, 1.0)).round() as u8;
    let pixel = |at: usize| -> [u8; 3] {
        let value = |channel: usize| values[channel.min(channels - 1) * size + at];
        match (signed, channels) {
            (true, _) => {
                let most =
                    (0..channels).map(value).fold(0.0, |most: f32, by| if by.abs() > most.abs() { by } else { most });
                let pale = byte(1.0 - most.abs());
                if most < 0.0 { [pale, pale, 255] } else { [255, pale, pale] }
            }
            (false, 3) => [0, 1, 2].map(|channel| byte(value(channel))),
            (false, _) => [byte(1.0 - value(0)); 3],
        }
    };
    let bytes: Vec<u8> = (0..size).flat_map(pixel).collect();
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width as u32, height as u32);
    encoder.set_color(png::ColorType::Rgb);
    let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(&bytes));
    if written.is_err() {
        return String::new();
    }
    format!("data:image/png;base64,{}", BASE64_STANDARD.encode(&file))
}

fn table(table: &Table) -> Markup {
    let class = |column| (column >= table.left).then_some("n");
    let mute = |row, column| match table.muted.contains(&[row, column]) {
        true => Some("n mute"),
        false => class(column),
    };
    html! {
        table {
            thead {
                tr {
                    @for (column, cell) in table.head.iter().enumerate() {
                        th scope="col" class=[class(column)] { (cell) }
                    }
                }
            }
            tbody {
                @for (row, line) in table.rows.iter().enumerate() {
                    tr {
                        @for (column, cell) in line.iter().enumerate() {
                            @if column == 0 {
                                th scope="row" class=[class(column)] { (cell) }
                            } @else {
                                td class=[mute(row, column)] { (cell) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// After `body{font:…`, which the typeface ends.
const STYLE: &str = ";color:var(--ink);background:var(--bg);margin:0;font-variant-numeric:tabular-nums}\
main{max-width:1120px;margin:40px auto;padding:0 24px}p,svg{max-width:672px}\
h1{font-size:24px;line-height:32px;margin:0 0 4px}\
h2{font-size:16px;margin:40px 0 4px}\
.family{font-size:13px;margin:16px 0 4px}h3{font-size:14px;margin:26px 0 4px}h4{font-size:13px;margin:16px 0 4px}\
small,.about,summary{font-size:12px;font-weight:400;color:var(--ink3)}.about{margin:4px 0}\
.say{font:21px/28px Iowan Old Style,Palatino Linotype,Palatino,Book Antiqua,Georgia,Noto Serif,serif;\
margin:4px 0 12px}\
.say b{font-weight:600}.pill{font:12px/20px sans-serif;border:1px dashed var(--edge);border-radius:10px;\
padding:1px 8px;white-space:nowrap}svg{display:block;width:100%;height:auto}svg text{font-family:inherit}\
table{border-collapse:collapse;margin:8px 0}th,td{padding:6px 12px 6px 0;border-bottom:1px solid var(--line);\
text-align:left;font-weight:400;\
white-space:nowrap;vertical-align:top}thead th{font-size:12px;color:var(--ink3)}tbody th{font-weight:600}\
.n{text-align:right}.mute{color:var(--ink3)}.wide{overflow-x:auto}\
.sheet{display:flex;flex-wrap:wrap;gap:8px}figure{margin:0;width:64px}\
figure img{width:64px;image-rendering:pixelated;border:1px solid var(--line)}\
figcaption{font-size:11px;line-height:14px;color:var(--ink3)}\
.words td:last-child{white-space:normal;min-width:240px}summary{cursor:pointer;padding:4px 0}\
pre{font:12.5px/19px ui-monospace,SF Mono,Menlo,Consolas,monospace;background:var(--sunk);padding:12px;\
border-radius:8px;overflow-x:auto}@media print{details{display:none}}";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sentence::tests::{catalogue, sample};

    #[test]
    fn a_page_is_whole_and_escaped() {
        let mut outcome = crate::Outcome::default();
        outcome.series.insert("<img onerror=x>".into(), vec![(0, 10.0), (800, 96.1)]);
        let heard = [("taught".to_owned(), outcome.into())].into_iter().collect();
        let mut report = sample();
        report.warnings.push("a\0b\u{1b}[31m".into());
        let page = html(&[Played::new(report, heard)], &catalogue());
        assert!(page.contains("a\u{fffd}b\u{fffd}[31m") && !page.contains('\u{1b}'));
        assert!(page.contains("<title>Sample &lt;run&gt; · Palimpsest</title>"));
        assert!(!page.contains("<run>") && !page.contains("<img") && !page.contains("<script"));
        assert!(page.contains("<b style=\"color:var(--keep)\">96.1\u{202f}%</b>"));
        assert!(page.contains("inside the noise of retraining"));
        assert!(page.contains("Samples of digits: 1,293 to learn from, 144 for validation, 360 for testing."));
        assert_eq!(page.matches("<svg").count(), 2);
        assert_eq!(page.matches("<svg").count(), page.matches("</svg>").count());
        assert!(page.contains("name = &quot;Sample &lt;run&gt;&quot;"));
        assert!(
            !page.contains("http://") || page.matches("http://").count() == page.matches("www.w3.org/2000/svg").count()
        );
    }

    #[test]
    fn points_of_a_grid_are_told_by_what_differs() {
        let points = ["0.1", "0.2"].map(|value| {
            let mut report = sample();
            report.spec.name = format!("attacks, stage.before.epsilon={value}");
            report.point.insert("stage.before.epsilon".into(), serde_json::from_str(value).unwrap());
            report.warnings.push("a word".into());
            Played::new(report, Default::default())
        });
        let page = html(&points, &catalogue());
        // A short list opens the page, and what is true of all stands once.
        let first = &page[page.find("<h1>").unwrap()..page.find("<h2").unwrap()];
        assert!(first.contains(">before.epsilon=0.1</th>") && first.contains(">before.epsilon=0.2</th>"), "{first}");
        assert_eq!((first.matches("Warning: a word").count(), first.matches("Samples of digits").count()), (1, 1));
        assert!(!first.contains("attacks, stage.before") && !first.contains("before.epsilon=0.1: "), "{first}");
        assert_eq!(page.matches(">before.epsilon=0.1</h2>").count(), 1);
        // What is true of one names it.
        let [one, mut other] = points;
        other.report.warnings.push("another word".into());
        let page = html(&[one, other], &catalogue());
        assert!(page.contains("before.epsilon=0.2: Warning: another word"));
    }

    #[test]
    fn many_runs_share_one_table() {
        let mut other = sample();
        other.spec.name = "=second".into();
        let page = html(&[sample(), other.clone()].map(|report| Played::new(report, Default::default())), &catalogue());
        assert!(page.contains("<h1>2 runs</h1>") && page.contains("<th scope=\"col\">Run</th>"));
        let results = Results::new(&[sample(), other], &catalogue());
        let table = results.table();
        assert_eq!(table.head[..3], ["Run", "Stage", "Method"]);
        let salun: Vec<&Vec<String>> = table.rows.iter().filter(|row| row[1] == "salun").collect();
        assert_eq!(
            salun.iter().map(|row| row[2].as_str()).collect::<Vec<_>>(),
            ["Retrained", "salun", "Retrained", "salun"]
        );
        let ua = table.head.iter().position(|head| head == "UA, %").unwrap();
        assert_eq!([salun[0][ua].as_str(), &salun[1][ua]], ["100.0 ± 0.0", "35 of 36"]);
        let csv = results.csv();
        assert!(csv.starts_with("run,stage,method,of,seed,device,engine,accuracy,accuracy_sd,accuracy_n,"), "{csv}");
        assert!(csv.contains("'=second,taught,transfer.fine-tune,stage,1,cpu,0.1.0,96.11,,360,"), "{csv}");
        let json: serde_json::Value = serde_json::from_str(&results.json()).unwrap();
        assert_eq!(json[0]["figures"]["accuracy"]["n"], 360);
    }
}
