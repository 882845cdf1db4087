/* The live what-if page: ask the page's own address again while a slider moves, swap the answer.

At most one question is under way. While it runs only the newest is kept, so that a drag neither
floods the server nor draws an answer that was overtaken; Reset drops what runs. */

const SHOW_RUNNING_AFTER = 150;
/* Of a slider that goes by factors: a thousandfold in steps of a tenth. */
const FACTOR_STEPS = 72;

const form = document.getElementById("question");
const said = document.getElementById("said");
const running = document.getElementById("running");
const dials = [...form.querySelectorAll(".dial")].map(dial);

let frame = 0;
let current = null;
let moved = 0;
let drawn = address();

function dial(element) {
  const slider = element.querySelector("input[type=range]");
  const box = element.querySelector("input[type=number]");
  const one = { element, slider, box, name: box.name, ...element.dataset };
  if (one.log) {
    slider.min = 0;
    slider.max = FACTOR_STEPS;
    slider.step = 1;
  }
  slider.hidden = false;
  place(one);
  slider.addEventListener("input", () => {
    box.value = read(one);
    changed(one);
  });
  box.addEventListener("input", () => {
    place(one);
    changed(one);
  });
  return one;
}

/* Sliders that go by factors map their steps to powers between both ends. */
function read(one) {
  if (!one.log) return String(Number(one.slider.value));
  const lo = Number(one.slider.dataset.lo);
  const hi = Number(one.slider.dataset.hi);
  const value = lo * (hi / lo) ** (Number(one.slider.value) / FACTOR_STEPS);
  const planned = Number(one.planned);
  if (Math.abs(value / planned - 1) < 0.01) return one.planned;
  return String(Number(value.toPrecision(2)));
}

function place(one) {
  const value = one.box.value === "" ? one.slider.dataset.empty : one.box.value;
  if (value === undefined || !Number.isFinite(Number(value))) return;
  const lo = Number(one.slider.dataset.lo);
  const hi = Number(one.slider.dataset.hi);
  const inside = Math.min(Math.max(Number(value), lo), hi);
  one.slider.value = one.log ? (FACTOR_STEPS * Math.log(inside / lo)) / Math.log(hi / lo) : inside;
  speak(one);
}

function speak(one) {
  one.slider.setAttribute("aria-valuetext", one.box.value === "" ? "as planned" : Number(one.box.value).toLocaleString("en"));
  one.element.classList.toggle("turned", one.box.value !== one.planned);
}

function changed(one) {
  speak(one);
  moved ||= performance.now();
  if (!frame) frame = requestAnimationFrame(next);
}

/* Only what differs from the plan goes into the address. */
function address() {
  const asked = new URLSearchParams();
  for (const { name, box, planned } of dials) {
    if (box.value !== "" && box.value !== planned && box.validity.valid) asked.set(name, box.value);
  }
  const text = asked.toString();
  return form.getAttribute("action") + (text ? `?${text}` : "");
}

async function next() {
  frame = 0;
  if (current) return;
  while (address() !== drawn) await ask(address());
}

async function ask(wanted) {
  const began = moved || performance.now();
  moved = 0;
  const slow = setTimeout(() => busy(true), SHOW_RUNNING_AFTER);
  current = new AbortController();
  try {
    const reply = await fetch(wanted, { signal: current.signal, headers: { accept: "text/html" } });
    const page = new DOMParser().parseFromString(await reply.text(), "text/html");
    const fresh = page.getElementById("answer");
    if (!fresh) throw new Error(`the studio answered ${reply.status}`);
    swap(fresh);
    drawn = wanted;
    history.replaceState(null, "", wanted);
    document.getElementById("beside").search = compared(wanted);
    // From the first move that this answers to the frame that shows it, for whoever measures.
    requestAnimationFrame(() => performance.measure("handful-answer", { start: began }));
  } catch (problem) {
    if (problem.name === "AbortError") return;
    drawn = wanted;
    said.textContent = `No answer: ${problem.message}. Is the studio still running?`;
    said.classList.remove("visually-hidden");
  } finally {
    clearTimeout(slow);
    busy(false);
    current = null;
  }
}

function swap(fresh) {
  const old = document.getElementById("answer");
  for (const part of fresh.querySelectorAll("details[id]")) {
    part.open = old.querySelector(`#${part.id}`)?.open ?? false;
  }
  old.replaceWith(document.adoptNode(fresh));
  said.classList.add("visually-hidden");
  said.textContent = fresh.dataset.said;
}

function compared(wanted) {
  const id = form.getAttribute("action").split("/").pop();
  const question = wanted.split("?")[1];
  return `?a=${id}&b=${id}` + (question ? `&${question}` : "");
}

function busy(yes) {
  running.hidden = !yes;
  document.getElementById("answer").setAttribute("aria-busy", String(yes));
}

document.getElementById("reset").addEventListener("click", (event) => {
  event.preventDefault();
  current?.abort();
  for (const one of dials) {
    one.box.value = one.planned;
    place(one);
    speak(one);
  }
  if (!frame) frame = requestAnimationFrame(next);
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  next();
});

const copy = document.getElementById("copy");
copy.hidden = !navigator.clipboard;
copy.addEventListener("click", async () => {
  await navigator.clipboard.writeText(location.href);
  copy.textContent = "Copied";
  setTimeout(() => { copy.textContent = "Copy the link"; }, 1500);
});
