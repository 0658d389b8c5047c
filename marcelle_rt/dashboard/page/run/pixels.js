// An image as the numbers that a model takes. Pure but for a canvas.

/**
 * @param {ImageData} image
 * @param {number[]} shape height, width and channels
 * @param {number} most the value of a white pixel: 255, or 1
 * @returns {number[]} row by row, the channels of a pixel beside each other
 */
export function numbersOf(image, [height, width, channels], most) {
  const { data } = scaled(image, width, height);
  const numbers = [];
  for (let i = 0; i < data.length; i += 4) {
    const [r, g, b] = [data[i], data[i + 1], data[i + 2]];
    const pixel = channels === 1 ? [0.299 * r + 0.587 * g + 0.114 * b] : channels === 4 ? [r, g, b, data[i + 3]] : [r, g, b];
    numbers.push(...pixel.map((value) => (value * most) / 255));
  }
  return numbers;
}

/** @param {ImageData} image @param {number} width @param {number} height */
function scaled(image, width, height) {
  const whole = canvasOf(image.width, image.height);
  whole.putImageData(image, 0, 0);
  const small = canvasOf(width, height);
  small.imageSmoothingQuality = 'high';
  small.drawImage(whole.canvas, 0, 0, width, height);
  return small.getImageData(0, 0, width, height);
}

/** @param {number} width @param {number} height */
function canvasOf(width, height) {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [width, height];
  return /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d', { willReadFrequently: true }));
}

/**
 * Whether inputs of this shape can be images: height, width, and channels.
 * @param {number[]} shape
 */
export const isImage = (shape) => shape.length === 3 && [1, 3, 4].includes(shape[2]);
