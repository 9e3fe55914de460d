"use strict";
(() => {
  const timelines = [...document.querySelectorAll("details.timeline")];
  const chooser = document.querySelector("#chooser select");
  if (chooser && timelines.length > 1) {
    timelines.forEach((timeline, place) => {
      timeline.classList.add("chosen");
      timeline.open = true;
      chooser.add(new Option(timeline.querySelector("summary").textContent, place));
    });
    const choose = () => timelines.forEach((timeline, place) => { timeline.hidden = place !== Number(chooser.value); });
    chooser.addEventListener("change", choose);
    chooser.form.hidden = false;
    choose();
  }

  const filter = document.getElementById("filter");
  if (!filter) return;
  const tasks = [...document.querySelectorAll("details.task")].map((element) => (
    { element, states: element.dataset.states.split(" "), differs: "differs" in element.dataset }));
  const number = (count) => count.toLocaleString("en");
  const contents = (task) => (task.words ??= task.element.textContent.toLowerCase());
  const isOf = (task, state, series) => {
    if (state === "") return series === "" || task.states[series] !== "none";
    if (state === "differs") return task.differs;
    return series === "" ? task.states.includes(state) : task.states[series] === state;
  };
  const show = () => {
    const { state, series, words } = filter.elements;
    const wanted = words.value.trim().toLowerCase();
    let count = 0;
    for (const task of tasks) {
      const shown = isOf(task, state.value, series.value) && (wanted === "" || contents(task).includes(wanted));
      task.element.hidden = !shown;
      count += shown;
    }
    filter.querySelector("output").value = `${number(count)} of ${number(tasks.length)} tasks`;
  };
  let waiting = 0;
  filter.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(show, 120);
  });
  filter.addEventListener("submit", (event) => event.preventDefault());
  filter.hidden = false;
  show();
})();
