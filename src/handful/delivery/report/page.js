"use strict";
/* Sort a table by a column when its heading is pressed; a second press turns the order round. */
function sortKey(row, column) {
  const cell = row.cells[column];
  if (!("sort" in cell.dataset)) return cell.textContent.trim().toLowerCase();
  return cell.dataset.sort === "" ? NaN : Number(cell.dataset.sort);
}
function compare(a, b, turn) {
  if (typeof a === "string" || typeof b === "string") {
    return turn * String(a).localeCompare(String(b));
  }
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : 1;
  return Number.isNaN(b) ? -1 : turn * (a - b);
}
function sortBy(heading) {
  const body = heading.closest("table").tBodies[0];
  const turn = heading.getAttribute("aria-sort") === "ascending" ? -1 : 1;
  for (const other of heading.parentElement.cells) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", turn === 1 ? "ascending" : "descending");
  const rows = Array.from(body.rows);
  const column = heading.cellIndex;
  rows.sort((a, b) => compare(sortKey(a, column), sortKey(b, column), turn));
  body.append(...rows);
}
for (const heading of document.querySelectorAll("table.sortable thead th")) {
  const button = document.createElement("button");
  button.type = "button";
  button.append(...heading.childNodes);
  heading.append(button);
  button.addEventListener("click", () => sortBy(heading));
}
/* On paper nothing can be opened, so everything is. */
window.addEventListener("beforeprint", () => {
  for (const part of document.querySelectorAll("details")) part.open = true;
});
