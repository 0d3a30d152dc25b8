// What HTML cannot do: draw charts in the page's colours, keep a running run up to date, walk turns with j and k.
"use strict";

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function traces(chart) {
  return chart.series.map((series, place) => {
    const points = series.points;
    const hue = colour(series.tone ? `--${series.tone}-fill` : `--series-${(place % 5) + 1}`);
    const trace = {
      name: series.name,
      type: series.kind === "bar" ? "bar" : "scatter",
      mode: { points: "markers", level: "lines" }[series.kind] ?? "lines+markers",
      x: points.map((point) => point.x),
      y: points.map((point) => point.y),
      customdata: points.map((point) => point.link),
      text: points.map((point) => point.tooltip),
      textposition: "none",
      marker: { color: hue },
      line: { color: hue, dash: series.kind === "level" ? "dash" : "solid" },
    };
    if (!chart.stacked && points.some((point) => point.ci95)) {
      trace.error_y = {
        type: "data",
        symmetric: false,
        color: hue,
        thickness: 1.2,
        array: points.map((point) => (point.ci95 ? point.ci95[1] - point.y : 0)),
        arrayminus: points.map((point) => (point.ci95 ? point.y - point.ci95[0] : 0)),
      };
    }
    return trace;
  });
}

const YS = { share: { tickformat: ".1~%" }, dollars: { tickprefix: "$" }, count: { tickformat: "," } };

function layout(chart) {
  const axis = { gridcolor: colour("--line"), zerolinecolor: colour("--line"), automargin: true };
  const title = (text) => ({ text, font: { size: 13 } });
  const xs = chart.series.flatMap((series) => series.points.map((point) => point.x));
  const words = xs.some((x) => typeof x === "string");
  return {
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: colour("--ink"), family: "inherit", size: 13 },
    margin: { l: 50, r: 10, t: 10, b: 40 },
    xaxis: { ...axis, title: title(chart.x), ...(words ? { type: "category" } : xs.every(Number.isInteger) ? (Math.max(...xs) > 15 ? { tickformat: ",d" } : { dtick: 1 }) : {}) },
    yaxis: { ...axis, title: title(chart.y), rangemode: "tozero", ...(chart.log_scale ? { type: "log", dtick: 1 } : YS[chart.unit] ?? {}) },
    barmode: chart.stacked ? "stack" : "group",
    bargap: 0.35,
    showlegend: chart.series.length > 1,
    legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0, traceorder: "normal" },
    hoverlabel: { font: { family: "inherit" } },
    dragmode: false,
  };
}

function draw(root) {
  if (typeof Plotly === "undefined") return;
  for (const place of root.querySelectorAll(".plot")) {
    const data = place.querySelector("script[type='application/json']");
    if (!data) continue;
    const chart = JSON.parse(data.textContent);
    // What titles say is text: plotly would take some of it for markup.
    const safe = (text) => String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
    for (const series of chart.series) {
      series.name = safe(series.name);
      for (const point of series.points) {
        if (typeof point.x === "string") point.x = safe(point.x);
        point.tooltip = safe(point.tooltip);
      }
    }
    Plotly.react(place, traces(chart), layout(chart), { displayModeBar: false, responsive: true });
    place.on("plotly_click", (event) => {
      const link = event.points[0].customdata;
      if (link) location.assign(link);
    });
  }
}

// A page about something still running is fetched again, and its living parts are exchanged.
const PAUSE = 2000;

async function refresh() {
  const running = document.querySelector("[data-running]");
  if (!running || "still" in document.documentElement.dataset) return;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (answer.ok) {
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      const old = document.querySelectorAll("[data-live]");
      const news = fresh.querySelectorAll("[data-live]");
      old.forEach((part, place) => {
        if (!news[place] || part.contains(document.activeElement)) return;
        const opened = [...part.querySelectorAll("details")].map((one) => one.open);
        part.replaceWith(document.adoptNode(news[place]));
        news[place].querySelectorAll("details").forEach((one, at) => (one.open = opened[at] ?? one.open));
        draw(news[place]);
      });
    }
  } catch {
    // The viewer was closed: the page stays as it is.
  }
  setTimeout(refresh, PAUSE);
}

// j and k walk through whatever a page marks as steps, o opens one; the address follows, so that any can be sent on.
function walk(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
  const steps = [...document.querySelectorAll("[data-step]")];
  if (!steps.length || !["j", "k", "o"].includes(event.key)) return;
  const now = steps.indexOf(addressed()?.closest("[data-step]"));
  if (event.key === "o") {
    const panel = steps[now]?.querySelector("details");
    if (panel) panel.open = !panel.open;
    return;
  }
  const next = event.key === "j" ? Math.min(now + 1, steps.length - 1) : Math.max(now - 1, 0);
  history.replaceState(null, "", `#${steps[next].id}`);
  steps[next].focus({ preventScroll: true });
  steps[next].scrollIntoView({ block: "start", behavior: "instant" });
  mark();
}

const addressed = () => (location.hash ? document.getElementById(location.hash.slice(1)) : null);

// What an address names is seen: the step it is in is marked, and whatever it is folded into is opened.
function mark() {
  const there = addressed();
  for (let folded = there?.closest("details"); folded; folded = folded.parentElement.closest("details")) folded.open = true;
  const step = there?.closest("[data-step]");
  document.querySelectorAll("[data-step]").forEach((one) => one.classList.toggle("here", one === step));
}

draw(document);
document.addEventListener("keydown", walk);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => draw(document));
setTimeout(refresh, PAUSE);
addEventListener("hashchange", mark);
mark();
