/* A row at random: the address is the page's own, so that it can be sent to somebody. */

const form = document.getElementById("row");
const button = document.getElementById("random");
button.hidden = false;
button.addEventListener("click", () => {
  const box = form.elements.row;
  box.value = String(Math.floor(Math.random() * (Number(box.max) + 1)));
  form.requestSubmit();
});
