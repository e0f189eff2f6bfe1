// Whatever is sent of the rows bears this page's own name and a number: the server then knows two pages apart that
// are one copy of the other, and what is newer of two that come from one page at once.
const form = document.getElementById("rows");

export const sender = {
  page: form?.elements.edited_in.value || random(),
  edit: Number(form?.elements.edit_number.value),
};

form?.addEventListener("formdata", ({ formData }) => {
  sender.edit += 1;
  formData.set("edited_in", sender.page);
  formData.set("edit_number", sender.edit);
});

function random() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
