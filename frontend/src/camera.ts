// Reads codes from the camera. Loaded on the first tap: it is heavier than all the rest together.

import { prepareZXingModule, readBarcodes, type ReaderOptions } from "zxing-wasm/reader";

const LOOKS_MILLISECONDS = 120;
/** The same code counts once more after it was out of sight for so long. */
const GONE_MILLISECONDS = 1500;
const READ: ReaderOptions = {
  formats: ["EAN-13", "EAN-8", "UPC-A", "UPC-E", "Code128", "DataMatrix", "QRCode", "ITF"],
  maxNumberOfSymbols: 1,
  textMode: "Plain",
};

/** Show the camera's picture and tell every code that comes into sight. Returns what turns the camera off. */
export async function watchCamera(
  video: HTMLVideoElement,
  reader: string,
  tell: (code: string) => void,
): Promise<() => void> {
  await prepareZXingModule({ overrides: { locateFile: () => reader }, fireImmediately: true });
  const camera = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1280 } } });
  video.srcObject = camera;
  await video.play();
  const canvas = new OffscreenCanvas(1, 1);
  const picture = canvas.getContext("2d", { willReadFrequently: true });
  let on = true;
  let last = "";
  let seenAt = 0;

  const look = async (): Promise<void> => {
    if (!on || picture === null) return;
    if (video.videoWidth > 0) {
      canvas.width = video.videoWidth;
      canvas.height = video.videoHeight;
      picture.drawImage(video, 0, 0);
      const [found] = await readBarcodes(picture.getImageData(0, 0, canvas.width, canvas.height), READ);
      if (found?.isValid === true && on) {
        // Only of a GS1 message the mark at its beginning says what it is.
        const code = found.contentType === "GS1" ? found.symbologyIdentifier + found.text : found.text;
        if (code !== last || performance.now() - seenAt > GONE_MILLISECONDS) tell(code);
        last = code;
        seenAt = performance.now();
      }
    }
    setTimeout(() => void look(), LOOKS_MILLISECONDS);
  };
  void look();
  return () => {
    on = false;
    for (const track of camera.getTracks()) track.stop();
    video.srcObject = null;
  };
}
