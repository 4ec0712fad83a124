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

  async function draw(place) {
    const data = resolve(JSON.parse(place.parentElement.querySelector("script").textContent));
    const config = { displayModeBar: false, responsive: true, showTips: false };
    await Plotly.react(place, data.traces, layout(data.layout), config);
    place.classList.add("drawn");
  }

  async function drawAll() {
    for (const place of document.querySelectorAll("[data-plot]")) await draw(place);
    document.documentElement.dataset.plots = "drawn";
  }

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  drawAll();
})();
