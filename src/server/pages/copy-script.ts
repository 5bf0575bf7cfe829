/** Shows a button beside what is worth copying, where the browser lets pages do it: not on plain http of another machine. */
export const COPY_SCRIPT = `
if (navigator.clipboard) for (const button of document.querySelectorAll('[data-copy]')) {
  button.classList.remove('hidden')
  button.addEventListener('click', () => navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent).then(() => { button.textContent = 'Copied' }))
}
`
