// A branch on a map leads to its channels.
for (const cell of document.querySelectorAll('[data-go]')) {
  const go = () => document.getElementById(cell.dataset.go.split('/')[0])?.scrollIntoView();
  cell.addEventListener('click', go);
  cell.addEventListener('keydown', event => {
    if (event.key === 'Enter') go();
  });
}
