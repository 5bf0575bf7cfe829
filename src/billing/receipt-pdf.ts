import { formatUsd } from '../core/nano.ts'
import { sayCents, centsToNano, type Cents } from './cents.ts'
import { PdfPage } from './pdf-page.ts'
import { receiptName, type Receipt } from './receipt.ts'

const LEFT = 56
const RIGHT = 539
const TOP = 780

/** The receipt as a PDF of one page. The same receipt is the same bytes, whenever it is asked for. */
export function receiptPdf(receipt: Receipt): Uint8Array<ArrayBuffer> {
  const { number, seller, buyer, paidMs, card, isLive, expiresMs } = receipt
  const page = new PdfPage(`Receipt ${receiptName(number)}`)
  page.text(LEFT, TOP, seller.name || 'Switchyard', { size: 16, bold: true })
  const sellerEnd = lines(page, LEFT, TOP - 18, [...seller.address.split('\n'), seller.taxId && `Tax id: ${seller.taxId}`, seller.email])
  page.textRight(RIGHT, TOP, 'Receipt', { size: 16 })
  page.textRight(RIGHT, TOP - 18, receiptName(number), { size: 10 })
  page.textRight(RIGHT, TOP - 31, `Paid on ${day(paidMs)}`, { size: 10 })
  const buyerTop = sellerEnd - 24
  page.text(LEFT, buyerTop, 'To', { size: 9, bold: true })
  const buyerEnd = lines(page, LEFT, buyerTop - 14, [buyer.name, ...buyer.address.split('\n'), buyer.taxId && `Tax id: ${buyer.taxId}`, buyer.email])
  const tableEnd = table(page, buyerEnd - 30, receipt)
  lines(page, LEFT, tableEnd - 36, [
    card === null ? `Payment ${receipt.purchaseId}` : `Paid by ${card}, payment ${receipt.purchaseId}`,
    expiresMs === null ? '' : `Unused credit lapses on ${day(expiresMs)}.`,
    isLive ? '' : 'TEST MODE: no money was paid.',
  ])
  return page.bytes()
}

/** What was bought, and the sum. Where it ends. */
function table(page: PdfPage, top: number, { creditCents, feeCents, currency }: Receipt): number {
  const rows: readonly (readonly [string, Cents])[] = [[`Credit for calls, USD ${formatUsd(centsToNano(creditCents))}`, creditCents], ...(feeCents > 0 ? [['Fee', feeCents] as const] : [])]
  page.text(LEFT, top, 'What', { size: 9, bold: true })
  page.textRight(RIGHT, top, `Amount (${currency.toUpperCase()})`, { size: 9 })
  page.line(LEFT, RIGHT, top - 6)
  let y = top - 22
  for (const [what, cents] of rows) {
    page.text(LEFT, y, what, { size: 10 })
    page.textRight(RIGHT, y, sayCents(cents), { size: 10 })
    y -= 18
  }
  page.line(LEFT, RIGHT, y + 8)
  page.text(LEFT, y - 8, 'Total', { size: 11, bold: true })
  page.textRight(RIGHT, y - 8, sayCents(creditCents + feeCents), { size: 11, bold: true })
  return y - 8
}

/** One under the other; empty ones take no room. The height of the last. */
function lines(page: PdfPage, x: number, top: number, texts: readonly string[]): number {
  const said = texts.map((text) => text.trim()).filter((text) => text !== '')
  said.forEach((text, at) => page.text(x, top - at * 13, text, { size: 10 }))
  return top - Math.max(0, said.length - 1) * 13
}

function day(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10)
}
