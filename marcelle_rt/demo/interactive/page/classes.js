// A button for each class, which adds the drawing to it, and a field that names a new one.

/**
 * @param {HTMLElement} place
 * @param {any} sketches the dataset
 * @param {(label: string) => Promise<boolean>} add says whether there was something to add
 */
export function classButtons(place, sketches, add) {
  const counts = new Map();
  const row = place.appendChild(document.createElement('div'));
  const form = place.appendChild(document.createElement('form'));
  const field = form.appendChild(document.createElement('input'));
  const submit = form.appendChild(document.createElement('button'));
  row.className = 'classes';
  Object.assign(field, { placeholder: 'Its name, such as cat', maxLength: 30, autocomplete: 'off' });
  field.setAttribute('aria-label', 'Name of a new class');
  submit.textContent = 'Add';

  async function press(label) {
    const added = await add(label);
    place.classList.toggle('nothing-drawn', !added);
    return added;
  }

  function draw() {
    row.replaceChildren(
      ...[...counts].sort().map(([label, count]) => {
        const button = document.createElement('button');
        const badge = document.createElement('b');
        badge.textContent = String(count);
        button.append(`+ ${label}`, badge);
        button.setAttribute('aria-label', `Add the drawing to ${label}, which has ${count}`);
        button.addEventListener('click', () => press(label));
        return button;
      }),
    );
    field.placeholder = counts.size > 0 ? 'Another class' : 'Its name, such as cat';
  }

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const label = field.value.trim();
    if (!label) field.focus();
    else if (await press(label)) field.value = '';
  });

  async function recount() {
    counts.clear();
    for (const label of await sketches.distinct('y')) {
      const { total } = await sketches.find({ query: { y: label, $limit: 0 } });
      if (total > 0) counts.set(label, total);
    }
    draw();
  }
  draw();
  sketches.ready.then(() => {
    recount();
    sketches.$changes.subscribe(recount);
  });
}
