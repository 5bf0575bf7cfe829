/** What the process that reads a PDF is told, as JSON in its first argument. The PDF comes on its standard input. */
export interface PdfOrder {
  readonly pagesMax: number
  /** Pictures of pages that have no text. */
  readonly imagesMax: number
  /** Longest edge of a picture. */
  readonly imagePixelsMax: number
  readonly textCharsMax: number
  /** What PDFium may have of memory. */
  readonly memoryBytesMax: number
  /** It ends itself after this, even when nobody is left to end it. */
  readonly lifeMsMax: number
}

/** One page: its text, or its picture as base64 JPEG where it has none. Blank text and no picture: it could not be drawn, or there were too many. */
export interface PdfPage { readonly text: string; readonly image?: string }

/** Why a PDF cannot be read. */
export type PdfTrouble = 'encrypted' | 'broken' | 'too_many_pages' | 'too_much_text' | 'too_much_memory'

/** The answer of that process: one JSON object on its standard output. */
export type PdfAnswer = { readonly pages: readonly PdfPage[] } | { readonly trouble: PdfTrouble; readonly pageCount?: number }
