/** A piece of the page as a picture. The browser draws it itself: its styles go along, its canvases as images, its buttons stay here. */

/** Pixels of the picture for one of the page. */
const scale = 2
const paddingPx = 16

/** @throws Error where the browser will not draw it. */
export async function pngOf(node: HTMLElement): Promise<Blob> {
  const { width, height } = node.getBoundingClientRect()
  const background = getComputedStyle(document.documentElement).backgroundColor
  const copy = styled(node) as HTMLElement
  Object.assign(copy.style, { margin: '0', padding: '0', width: `${width}px`, height: `${height}px` })
  const [w, h] = [Math.ceil(width) + 2 * paddingPx, Math.ceil(height) + 2 * paddingPx]
  const xml = new XMLSerializer().serializeToString(copy)
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${w * scale}" height="${h * scale}" viewBox="0 0 ${w} ${h}">` +
    `<style>${await fontFaces()}</style><rect width="100%" height="100%" fill="${background}"/>` +
    `<foreignObject x="${paddingPx}" y="${paddingPx}" width="${width}" height="${height}">${xml}</foreignObject></svg>`
  const image = new Image()
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`
  await image.decode()
  const canvas = document.createElement('canvas')
  Object.assign(canvas, { width: w * scale, height: h * scale })
  canvas.getContext('2d')?.drawImage(image, 0, 0)
  return new Promise((resolve, reject) =>
    canvas.toBlob(
      (blob) => (blob ? resolve(blob) : reject(new Error('the browser made no picture of it'))),
      'image/png',
    ),
  )
}

/** The page's fonts, in the picture itself: it can load nothing. */
async function fontFaces(): Promise<string> {
  const rules = [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules])
  const faces = rules.filter((rule) => rule instanceof CSSFontFaceRule)
  const texts = faces.map(async ({ cssText, parentStyleSheet }) => {
    const address = /url\("?([^")]+)"?\)/.exec(cssText)?.[1]
    if (address === undefined) return ''
    const font = await fetch(new URL(address, parentStyleSheet?.href ?? document.baseURI))
    return cssText.replace(address, await dataUrlOf(await font.blob()))
  })
  return (await Promise.all(texts)).join('')
}

function dataUrlOf(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.onload = () => resolve(String(reader.result))
    reader.onerror = () => reject(new Error('a font could not be read'))
    reader.readAsDataURL(blob)
  })
}

/** A deep copy that looks the same anywhere; what can only be pressed and shows no number is left out. */
function styled(node: Element): Element {
  const copy = node.cloneNode(false) as HTMLElement | SVGElement
  const from = getComputedStyle(node)
  if (node instanceof HTMLCanvasElement) {
    const image = document.createElement('img')
    image.src = node.toDataURL()
    takeStyle(image, from)
    return image
  }
  takeStyle(copy, from)
  for (const child of node.childNodes) {
    if (child instanceof Text) copy.append(child.data)
    else if (child instanceof Element && !child.matches('button:not(:has(.num)), [role="radiogroup"], .aside'))
      copy.append(styled(child))
  }
  return copy
}

function takeStyle(copy: HTMLElement | SVGElement, from: CSSStyleDeclaration): void {
  for (const property of from) copy.style.setProperty(property, from.getPropertyValue(property))
  copy.removeAttribute('class')
}
