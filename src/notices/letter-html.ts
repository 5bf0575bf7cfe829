const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** The text for an attribute or the content of an element. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character)
}

/** A letter's text as HTML: paragraphs, and links where an address stands alone. */
export function letterHtml(text: string): string {
  const paragraphs = text.trim().split(/\n{2,}/).map((paragraph) => `<p>${paragraph.split('\n').map(line).join('<br>\n')}</p>`)
  return `<!doctype html>\n<html><body style="font-family: system-ui, sans-serif; line-height: 1.5">\n${paragraphs.join('\n')}\n</body></html>\n`
}

/** Only a whole line is a link: an address in a sentence may be part of what somebody has called a thing. */
function line(text: string): string {
  const said = escapeHtml(text)
  return /^https?:\/\/\S+$/.test(text) ? `<a href="${said}">${said}</a>` : said
}
