// What is drawn on Marcelle's sketch pad, by mouse, pen or finger.

const isInk = (pixels, i) => pixels[4 * i] < 200;

function hasInk({ data, width, height }) {
  for (let i = 0; i < width * height; i += 1) if (isInk(data, i)) return true;
  return false;
}

/** The sketch pad listens to a mouse alone: fingers and pens are told to it as one. */
function takeTouches(canvas) {
  const mouse = { pointerdown: 'mousedown', pointermove: 'mousemove', pointerup: 'mouseup', pointercancel: 'mouseup' };
  canvas.style.touchAction = 'none';
  for (const [event, name] of Object.entries(mouse)) {
    canvas.addEventListener(event, (/** @type {PointerEvent} */ pointer) => {
      if (pointer.pointerType === 'mouse') return;
      const { clientX, clientY } = pointer;
      canvas.dispatchEvent(new MouseEvent(name, { bubbles: true, clientX, clientY }));
    });
  }
  // What a browser makes of a tap by itself would be a second stroke.
  canvas.addEventListener('touchend', (touch) => touch.preventDefault());
}

/** @param {any} pad */
export function drawingOn(pad) {
  const listeners = [];
  const drawing = {
    /** @type {ImageData | null} null: nothing is drawn */
    image: null,
    thumbnail: '',
    /** @param {() => void} listener */
    subscribe: (listener) => listeners.push(listener),
    clear() {
      const { width, height } = pad.sketchElement;
      const context = pad.sketchElement.getContext('2d');
      context.fillStyle = 'white';
      context.fillRect(0, 0, width, height);
      drawing.image = null;
      listeners.forEach((listener) => listener());
    },
  };
  pad.$images.subscribe((image) => {
    drawing.image = hasInk(image) ? image : null;
    drawing.thumbnail = pad.captureThumbnail();
    listeners.forEach((listener) => listener());
  });
  const place = document.getElementById('pad');
  const prepare = () => {
    const canvas = place.querySelector('canvas');
    if (!canvas) return false;
    takeTouches(canvas);
    place.querySelector('button').addEventListener('click', () => drawing.clear());
    return true;
  };
  if (!prepare()) {
    const watching = new MutationObserver(() => prepare() && watching.disconnect());
    watching.observe(place, { childList: true, subtree: true });
  }
  return drawing;
}
