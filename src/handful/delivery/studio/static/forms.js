/* Forms that write: send the fields as JSON to the address in data-api, say how it went.

   <form class="post" data-api="/api/..." data-then="#where-to-come-back">
   A field with data-whole is sent as a whole number. With data-signed="by" the name in the page's
   own box is sent as "by". */

const person = document.getElementById("person");

for (const form of document.querySelectorAll("form.post")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!form.dataset.signed || person.reportValidity()) send(form);
  });
}

function body(form) {
  const fields = {};
  for (const field of form.elements) {
    if (!field.name || (field.type === "radio" && !field.checked)) continue;
    fields[field.name] = "whole" in field.dataset ? Number(field.value) : field.value;
  }
  if (form.dataset.signed) fields[form.dataset.signed] = person.value;
  return fields;
}

async function send(form) {
  const outcome = form.querySelector(".outcome");
  const button = form.querySelector("button");
  button.disabled = true;
  outcome.replaceChildren("Sending …");
  try {
    const reply = await fetch(form.dataset.api, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json" },
      body: JSON.stringify(body(form)),
    });
    if (reply.ok) return done(form, outcome);
    const told = await reply.json();
    refused(outcome, told.errors ?? []);
  } catch (problem) {
    outcome.replaceChildren(`Nothing was written: ${problem.message}. Is the studio still running?`);
  }
  button.disabled = false;
}

function done(form, outcome) {
  outcome.replaceChildren(form.dataset.done ?? "Done.");
  if (form.dataset.then) {
    const next = new URL(form.dataset.then, location.href);
    if (next.pathname === location.pathname && next.search === location.search) {
      location.hash = next.hash;
      location.reload();
    } else {
      location.assign(next);
    }
  }
}

/* A refusal says why, and what to do, reason by reason; as text, whatever it holds. */
function refused(outcome, reasons) {
  const head = document.createElement("p");
  const strong = document.createElement("b");
  strong.textContent = "Refused. Nothing was written.";
  head.append(strong);
  const list = document.createElement("ul");
  list.className = "findings";
  for (const reason of reasons) list.append(item(reason));
  outcome.replaceChildren(head, list);
  outcome.scrollIntoView({ block: "nearest" });
}

function item(reason) {
  const one = document.createElement("li");
  one.className = "block";
  one.append(paragraph(`${reason.code}: ${reason.message}`));
  if (reason.remedy) one.append(paragraph(`What to do: ${reason.remedy}`));
  return one;
}

function paragraph(text) {
  const one = document.createElement("p");
  one.textContent = text;
  return one;
}

/* Whoever signs is remembered in this tab, so that a queue is not a typing exercise. */
for (const field of document.querySelectorAll("input[data-person]")) {
  field.value ||= sessionStorage.getItem("handful-person") ?? "";
  field.addEventListener("change", () => sessionStorage.setItem("handful-person", field.value));
}
