//! One file that says all about some runs: sentences, curves, tables and the run files; nothing comes from outside.

use crate::{
    Chart, Results, RunView, Sentence,
    chart::GapPlane,
    figure,
    scene::{Role, SANS, TOKENS, escape},
    table::title,
    view::Played,
};
use spec::{Catalogue, Report};

/// The width of a full chart, in pixels.
const WIDTH: f64 = 672.0;

/// A page of runs, each with what its stages said while it ran. Every name, message and setting is escaped, scripts and
/// outside requests are forbidden by the page itself.
pub fn html(runs: &[Played], catalogue: &Catalogue) -> String {
    let reports: Vec<Report> = runs.iter().map(|run| run.report.clone()).collect();
    let name = match runs {
        [Played { report, .. }] if !report.spec.name.is_empty() => report.spec.name.clone(),
        [_] => "A run".into(),
        _ => format!("{} runs", runs.len()),
    };
    let mut page = Page::default();
    page.raw("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">");
    page.raw("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">");
    page.raw("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">");
    page.raw("<title>").text(&name).raw(" · Palimpsest</title><style>:root").raw(TOKENS);
    page.raw("body{font:14px/20px ").raw(SANS).raw(STYLE).raw("</style></head><body><main>");
    page.raw("<h1>").text(&name).raw("</h1>");
    for (at, played) in runs.iter().enumerate() {
        let report = &played.report;
        if runs.len() > 1 {
            let name = &report.spec.name;
            let heading = if name.is_empty() { format!("Run {}", at + 1) } else { name.clone() };
            page.raw("<h2>").text(&heading).raw("</h2>");
        }
        let seconds = figure::fixed(report.seconds, 1);
        let about = format!("seed {}, {}, engine {}, {seconds} s", report.seed, report.device, report.engine);
        page.raw("<p class=\"about\">").text(&about).raw("</p>");
        run(&mut page, played, &about, catalogue);
    }
    page.raw("<h2>All figures</h2>");
    for (family, table) in Results::new(&reports, catalogue).tables() {
        page.raw("<h4>").text(&family).raw("</h4><div class=\"wide\">").raw(&table.html()).raw("</div>");
    }
    page.raw("<p class=\"about\">± is one standard deviation over seeds.</p>");
    for report in &reports {
        page.raw("<details><summary>Run file</summary><pre>").text(&report.spec.to_toml()).raw("</pre></details>");
        if !report.hashes.is_empty() {
            page.raw("<details><summary>Fingerprints, equal on every device</summary><pre>");
            for (what, hash) in &report.hashes {
                page.text(what).raw("  ").text(hash).raw("\n");
            }
            page.raw("</pre></details>");
        }
    }
    page.raw("</main></body></html>\n");
    page.0
}

fn run(page: &mut Page, played: &Played, about: &str, catalogue: &Catalogue) {
    let view = RunView { spec: &played.report.spec, catalogue, known: &played.stages };
    let mut last_judged = None;
    for (name, stage) in view.names().into_iter().zip(&view.spec.stages) {
        let sentence = view.finished(&name);
        let curves = played.stages.get(&name).map_or_else(Vec::new, |outcome| outcome.curves());
        if sentence.is_none() && curves.is_empty() {
            continue;
        }
        page.raw("<section><h3>").text(&title(catalogue, &stage.id)).raw(" <small>").text(&name).raw("</small></h3>");
        page.sentence(sentence.as_ref());
        for curve in &curves {
            page.chart(curve, about, &curve.subject);
        }
        page.raw("</section>");
        if played.report.value(&name, "gap").is_some() && !view.is_reference(&name) {
            last_judged = Some(name);
        }
    }
    if let Some(stage) = last_judged {
        let plane = GapPlane::of(&view, &view.names(), Some(&stage));
        page.raw("<section>").chart(&plane, about, "How close to never having seen it").raw("</section>");
    }
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn raw(&mut self, html: &str) -> &mut Self {
        self.0.push_str(html);
        self
    }

    fn text(&mut self, text: &str) -> &mut Self {
        escape(&mut self.0, text);
        self
    }

    fn sentence(&mut self, sentence: Option<&Sentence>) {
        let Some(sentence) = sentence else { return };
        self.raw("<p class=\"say\">");
        for span in &sentence.spans {
            match span.role {
                Some(role) => {
                    self.raw("<b style=\"color:").raw(Role::css(role)).raw("\">").text(&span.text).raw("</b>")
                }
                None => self.text(&span.text),
            };
        }
        if let Some(pill) = &sentence.pill {
            self.raw(" <span class=\"pill\">").text(pill).raw("</span>");
        }
        self.raw("</p>");
    }

    /// The picture, and under it the same figures as a table.
    fn chart<C: Chart>(&mut self, chart: &C, about: &str, heading: &str) -> &mut Self {
        let mut scene = chart.scene(WIDTH, C::HEIGHT);
        scene.about = about.into();
        self.raw("<h4>").text(heading).raw("</h4>").raw(&scene.svg());
        self.raw("<details><summary>As a table</summary>").raw(&chart.table().html()).raw("</details>")
    }
}

/// After `body{font:…`, which the typeface ends.
const STYLE: &str = ";color:var(--ink);background:var(--bg);margin:0;font-variant-numeric:tabular-nums}\
main{max-width:720px;margin:40px auto;padding:0 24px}h1{font-size:24px;line-height:32px;margin:0 0 4px}\
h2{font-size:16px;margin:40px 0 4px}h3{font-size:14px;margin:26px 0 4px}h4{font-size:13px;margin:16px 0 4px}\
small,.about,summary{font-size:12px;font-weight:400;color:var(--ink3)}.about{margin:4px 0}\
.say{font:21px/28px Iowan Old Style,Palatino Linotype,Palatino,Book Antiqua,Georgia,Noto Serif,serif;\
margin:4px 0 12px}\
.say b{font-weight:600}.pill{font:12px/20px sans-serif;border:1px dashed var(--edge);border-radius:10px;\
padding:1px 8px;white-space:nowrap}svg{display:block;max-width:100%;height:auto}svg text{font-family:inherit}\
table{border-collapse:collapse;margin:8px 0}th,td{padding:6px 12px 6px 0;border-bottom:1px solid var(--line);\
text-align:left;font-weight:400;white-space:nowrap}thead th{font-size:12px;color:var(--ink3)}tbody th{font-weight:600}\
.n{text-align:right}.wide{overflow-x:auto}summary{cursor:pointer;padding:4px 0}\
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
        let page = html(&[Played::new(sample(), heard)], &catalogue());
        assert!(page.contains("<title>Sample &lt;run&gt; · Palimpsest</title>"));
        assert!(!page.contains("<run>") && !page.contains("<img") && !page.contains("<script"));
        assert!(page.contains("<b style=\"color:var(--keep)\">96.1\u{202f}%</b>"));
        assert!(page.contains("inside the noise of retraining"));
        assert_eq!(page.matches("<svg").count(), 2);
        assert_eq!(page.matches("<svg").count(), page.matches("</svg>").count());
        assert!(page.contains("name = &quot;Sample &lt;run&gt;&quot;"));
        assert!(
            !page.contains("http://") || page.matches("http://").count() == page.matches("www.w3.org/2000/svg").count()
        );
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
        assert!(csv.contains("\"'=second\",taught,transfer.fine-tune,stage,1,cpu,0.1.0,96.11,,360,"), "{csv}");
        let json: serde_json::Value = serde_json::from_str(&results.json()).unwrap();
        assert_eq!(json[0]["figures"]["accuracy"]["n"], 360);
    }
}
