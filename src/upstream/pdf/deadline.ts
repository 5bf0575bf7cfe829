// A thread beside the one that PDFium may keep busy for ever: it ends the process in time, whether or not its parent still lives.
declare const self: Worker

self.onmessage = ({ data }: MessageEvent<number>) => {
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), data)
}

export {}
