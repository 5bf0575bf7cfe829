import { encode } from 'uqr'
import { html, type Html } from './html.ts'

/** White around it, as the standard wants it (ISO/IEC 18004): in modules. */
const QUIET = 4

/** A text as a picture that phones read: black on white in light and in dark, without a script. */
export function qrCode(text: string, title: string): Html {
  const { data, size } = encode(text, { ecc: 'M', border: QUIET })
  // One path of all rows, each dark run of which is a rectangle.
  const path = data.flatMap((row, y) => [...runsOf(row)].map(([x, width]) => `M${x} ${y}h${width}v1h-${width}z`)).join('')
  return html`<svg class="qr" viewBox="0 0 ${size} ${size}" role="img" aria-label="${title}" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h${size}v${size}H0z"/><path fill="#000" d="${path}"/></svg>`
}

function* runsOf(row: readonly boolean[]): Generator<readonly [x: number, width: number]> {
  for (let x = 0; x < row.length; x++) {
    if (row[x] !== true) continue
    const end = row.indexOf(false, x)
    const width = (end === -1 ? row.length : end) - x
    yield [x, width]
    x += width
  }
}
