// Draws the plots from the traces and layouts in the page (built by api/pages/plots/builders.py).
// Colours are names of custom properties ("var:accent"), so that a plot follows the theme.
"use strict";

(() => {
  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);

  function colour(name) {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  }

  function faint(name, share) {
    const parts = colour(name).match(/[\d.]+/g);
    return `rgba(${parts[0]}, ${parts[1]}, ${parts[2]}, ${share})`;
  }

  function resolve(value) {
    if (typeof value === "string" && value.startsWith("var:")) {
      const [name, share] = value.slice(4).split("/");
      return share ? faint(name, share) : colour(name);
    }
    if (Array.isArray(value)) {
      return value.length && typeof value[0] === "number" ? value : value.map(resolve);
    }
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, resolve(each)]));
    }
    return value;
  }

  function axis(own) {
    return {
      gridcolor: colour("line"), zerolinecolor: colour("line"), linecolor: colour("line"),
      tickfont: { color: colour("muted"), size: 12 }, fixedrange: true, automargin: true,
      ...own,
      title: own.title && { text: own.title, font: { color: colour("muted"), size: 12 }, standoff: 8 },
    };
  }

  function layout(own) {
    const narrow = matchMedia("(max-width: 40rem)").matches;
    const made = {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", autosize: true,
      margin: { l: 12, r: 12, t: 14, b: 12 }, showlegend: false,
      font: { family: getComputedStyle(document.body).fontFamily, color: colour("ink"), size: 13 },
      hoverlabel: {
        bgcolor: colour("surface"), bordercolor: colour("line-strong"),
        font: { color: colour("ink"), size: 13 },
      },
      dragmode: false, barcornerradius: 3,
      ...own,
    };
    made.legend = {
      orientation: "h", x: 0, y: 1.02, yanchor: "bottom", font: { color: colour("muted"), size: 12 },
      itemclick: false, itemdoubleclick: false, ...(own.legend || {}),
    };
    for (const key of Object.keys(own).filter((name) => /^[xy]axis\d*$/.test(name))) {
      made[key] = axis(own[key]);
      if (narrow && key.startsWith("x")) made[key].nticks = Math.min(made[key].nticks || 5, 5);
    }
    return made;
  }

  // Dragging over a plot would hold up scrolling by a finger: there the buttons zoom.
  const drags = matchMedia("(pointer: fine)").matches;
  const STEP = 2;

  function zoomable(own) {
    return drags ? { ...own, dragmode: "zoom" } : own;
  }

  // The range of the times as numbers; Plotly has them as texts of wall-clock time.
  function rangeOf(place) {
    return place._fullLayout.xaxis.range.map((at) => place._fullLayout.xaxis.r2l(at));
  }

  function zoom(place, whole, what) {
    const [from, to] = rangeOf(place);
    const width = to - from;
    const most = whole[1] - whole[0];
    const wider = { in: width / STEP, out: Math.min(width * STEP, most) }[what] || width;
    const shift = { earlier: -width / STEP, later: width / STEP }[what] || 0;
    const centre = (from + to) / 2 + shift;
    let start = Math.max(whole[0], Math.min(centre - wider / 2, whole[1] - wider));
    let end = start + wider;
    if (what === "all") [start, end] = whole;
    const { l2r } = place._fullLayout.xaxis;
    return Plotly.relayout(place, { "xaxis.range": [l2r(start), l2r(end)] });
  }

  function offerZoom(place) {
    const buttons = document.querySelector(`[data-zoom="${place.dataset.plot}"]`);
    if (!buttons || !buttons.hidden) return;
    const whole = rangeOf(place);
    const says = buttons.querySelector("[data-zoomed]");
    buttons.hidden = false;
    buttons.addEventListener("click", (event) => {
      const what = event.target.dataset.do;
      if (what) zoom(place, whole, what);
    });
    place.on("plotly_doubleclick", () => {
      zoom(place, whole, "all");
      return false;
    });
    place.on("plotly_relayout", () => {
      const shown = place._fullLayout.xaxis.range.map((at) => String(at).slice(0, 16));
      place.dataset.shown = shown.join("/");
      says.textContent = shown.join(" – ");
    });
  }

  async function draw(place) {
    const data = resolve(JSON.parse(place.parentElement.querySelector("script").textContent));
    const config = { displayModeBar: false, responsive: true, showTips: false };
    const zooms = "zooms" in place.dataset;
    const own = layout(zooms ? zoomable(data.layout) : data.layout);
    if (zooms) {
      own.xaxis.fixedrange = !drags;
      config.doubleClick = false;
    }
    await Plotly.react(place, data.traces, own, config);
    place.classList.add("drawn");
    if (zooms) offerZoom(place);
  }

  async function drawAll() {
    for (const place of document.querySelectorAll("[data-plot]")) await draw(place);
    document.documentElement.dataset.plots = "drawn";
  }

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  drawAll();
})();
