"use strict";
const event_ = JSON.parse(document.getElementById("event").textContent);
const control = name => document.getElementById(name);
const FAINTEST = 0.15;
const EYE = window.innerWidth < 640 ? {x: 0.15, y: -3, z: 1.1} : {x: 0.1, y: -2, z: 0.75};

function trackTraces(jet, fit, colour) {
  const predicted = colour === "predicted" && fit.predicted;
  const named = new Set();
  return jet.tracks.map((track, slot) => {
    const origin = event_.origins[predicted ? fit.predicted[slot] : track.origin];
    const first = !named.has(origin.title);
    named.add(origin.title);
    return {
      type: "scatter3d", mode: "lines", x: track.x, y: track.y, z: track.z,
      name: "track " + origin.title, legendgroup: origin.title, showlegend: first,
      opacity: FAINTEST + (1 - FAINTEST) * fit.weights[slot],
      line: {color: origin.colour, width: track.width, dash: origin.dash},
      hovertemplate: track.text + "<br>" + fit.weights[slot].toFixed(2) + " of the largest weight<extra></extra>",
    };
  });
}

function pointTrace(point) {
  return {
    type: "scatter3d", mode: "markers", name: point.name,
    x: [point.at[0]], y: [point.at[1]], z: [point.at[2]],
    marker: {color: point.colour, size: 5, symbol: point.symbol},
    hovertemplate: point.name + "<br>%{x:.3f}, %{y:.3f}, %{z:.3f} mm<extra></extra>",
  };
}

function fitTraces(fit) {
  if (!fit.vertex) {
    return [{type: "scatter3d", mode: "markers", name: fit.name + ": " + fit.lacks, x: [null], y: [null], z: [null],
             marker: {color: fit.colour, symbol: "x"}}];
  }
  const surface = {
    type: "surface", x: fit.ellipsoid.x, y: fit.ellipsoid.y, z: fit.ellipsoid.z,
    surfacecolor: fit.ellipsoid.x.map(row => row.map(() => 0)),
    colorscale: [[0, fit.colour], [1, fit.colour]], showscale: false, opacity: 0.3, hoverinfo: "skip", name: fit.name,
  };
  const label = fit.name + ", " + fit.distance + " mm off";
  return [pointTrace({name: label, at: fit.vertex, colour: fit.colour, symbol: "square"}), surface];
}

function layout(jet) {
  const axis = name => ({title: {text: event_.axes[name]}, backgroundcolor: "#f7f7f7", range: jet.ranges[name]});
  return {
    margin: {l: 0, r: 0, t: 0, b: 0}, uirevision: "kept",
    legend: {orientation: "h", y: 0, yanchor: "top", itemsizing: "constant"},
    scene: {
      xaxis: axis("x"), yaxis: axis("y"), zaxis: axis("z"), aspectmode: "manual", aspectratio: event_.aspect,
      camera: {eye: EYE, center: {x: 0, y: 0, z: -0.2}},
    },
  };
}

function draw() {
  const jet = event_.jets[control("jet").selectedIndex];
  const fit = jet.fits[control("fit").selectedIndex];
  const hasPrediction = Boolean(fit.predicted);
  control("colour").options[1].disabled = !hasPrediction;
  if (!hasPrediction) control("colour").value = "true";
  const axis = {
    type: "scatter3d", mode: "lines", name: "jet axis", x: [0, jet.ranges.x[1]], y: [0, 0], z: [0, 0],
    line: {color: "black", width: 3, dash: "dot"}, hoverinfo: "name",
  };
  const traces = [...trackTraces(jet, fit, control("colour").value), axis, ...jet.points.map(pointTrace), ...fitTraces(fit)];
  control("title").textContent = jet.title;
  Plotly.react("scene", traces, layout(jet), {displaylogo: false, responsive: true});
}

function step(by) {
  const count = event_.jets.length;
  control("jet").selectedIndex = (control("jet").selectedIndex + by + count) % count;
  draw();
}

event_.jets.forEach(jet => control("jet").add(new Option(jet.row)));
event_.jets[0].fits.forEach(fit => control("fit").add(new Option(fit.name)));
control("fit").selectedIndex = event_.jets[0].fits.length - 1;
control("previous").onclick = () => step(-1);
control("next").onclick = () => step(1);
["jet", "fit", "colour"].forEach(name => { control(name).onchange = draw; });
document.onkeydown = pressed => {
  if (pressed.target.tagName === "SELECT") return;
  if (pressed.key === "ArrowLeft") step(-1);
  if (pressed.key === "ArrowRight") step(1);
};
draw();
