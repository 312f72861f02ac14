"""Images as the layout engine draws them: of eight bits, grey or red, green and blue, upright.

The engine draws an image of another kind wrongly (16-bit grey as a black bar) or not at all. So
each is made into one that it draws, or refused.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL import Image

# More than A4 at 600 dots per inch has.
MOST_PIXELS = 40_000_000

# Scans of one image at most; a program writes ten, and each costs a pass over all pixels.
MOST_SCANS = 100
_SCAN = b"\xff\xda"  # Start of Scan (ITU-T T.81, B.1.1.3)
_JPEG = b"\xff\xd8\xff"

# What files called .png, .jpg or .gif may hold. Others of Pillow's formats are programs (EPS).
_FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF")
# Pillow's modes for grey of 16 bits, of either order of bytes.
_GREY_16 = frozenset({"I;16", "I;16B", "I;16L", "I;16N"})
_DRAWN = frozenset({"L", "LA", "RGB", "RGBA"})
# What is kept of a file beside its pixels until it is packed anew.
_KEPT = ("icc_profile", "exif")
# Tag of EXIF.
_ORIENTATION = 0x0112


def drawable(data: bytes) -> bytes | None:
    """The image as a file that the engine draws as Pillow shows it; None where it is no whole
    image or none that can be drawn.

    No more than `MOST_PIXELS` are unpacked: they are looked up in its head. Within the data of a
    scan no other begins, so that they can be counted unread.
    """
    from PIL import Image, ImageCms, ImageFile

    if data.startswith(_JPEG) and data.count(_SCAN) > MOST_SCANS:
        return None
    # The layout engine has Pillow fill up what is cut off.
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                return None
            image.verify()
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            image.load()
            if _is_drawn(image):
                return data
            _scale_transparency(image, data)
            return _png(_coloured(_upright(_deep(image))))
    except (OSError, SyntaxError, ValueError, ImageCms.PyCMSError, Image.DecompressionBombError):
        return None


def _is_drawn(image: Image.Image) -> bool:
    """Whether the engine may have the file as it is: a photograph is not packed anew."""
    turned = image.getexif().get(_ORIENTATION, 1) != 1
    plain = image.format == "JPEG" and image.mode in ("L", "RGB")
    return plain and not turned and "icc_profile" not in image.info


def _scale_transparency(image: Image.Image, data: bytes) -> None:
    """Pillow gives pixels of 2, 4 and 48 bits in eight bits a colour, but the one that is
    transparent as the file has it (PNG specification, 11.2.1 and 11.3.1)."""
    hidden, depth = image.info.get("transparency"), data[24]
    if image.format != "PNG":
        return
    if image.mode == "L" and isinstance(hidden, int) and depth in (2, 4):
        image.info["transparency"] = hidden * 255 // ((1 << depth) - 1)
    if image.mode == "RGB" and isinstance(hidden, tuple) and depth == 16:
        image.info["transparency"] = tuple(value >> 8 for value in hidden)


def _deep(image: Image.Image) -> Image.Image:
    """Grey of 16 bits as grey of eight, with what is transparent in it.

    Raises:
        ValueError: it has numbers without a measure instead of colours.
    """
    from PIL import Image, ImageChops

    if image.mode in ("I", "F") and image.format != "PNG":
        raise ValueError(image.mode)
    if image.mode not in (*_GREY_16, "I"):
        return image
    # `convert` would cut off at 255.
    grey = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    hidden = image.info.get("transparency")
    grey.info = {name: image.info[name] for name in _KEPT if name in image.info}
    if isinstance(hidden, int):
        # The one value is where both are at their ends: `convert` cuts off below 0, above 255.
        above, below = _shifted(image, 255 - hidden), _shifted(image, -hidden)
        others = ImageChops.invert(ImageChops.subtract(above, below))
        grey = Image.merge("LA", (grey, others.point(lambda value: 255 if value else 0)))
    return grey


def _shifted(image: Image.Image, by: int) -> Image.Image:
    return image.convert("I").point(lambda value: value * 1 + by).convert("L")


def _upright(image: Image.Image) -> Image.Image:
    """Turned as its camera says (EXIF)."""
    from PIL import ImageOps

    return ImageOps.exif_transpose(image)


def _coloured(image: Image.Image) -> Image.Image:
    """In the colours of the screen (sRGB), by the image's own profile where it has one."""
    from PIL import ImageCms

    has_alpha = image.has_transparency_data
    profile = image.info.get("icc_profile")
    if image.mode in ("P", "PA", "1", "La", "RGBa") or (has_alpha and image.mode in ("L", "RGB")):
        image = image.convert("RGBA" if has_alpha else "RGB" if image.mode == "P" else "L")
    if profile and image.mode in ("RGB", "RGBA", "CMYK"):
        image = _by_profile(image, profile)
    if image.mode == "LAB":
        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        image = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB") or image
    return image if image.mode in _DRAWN else image.convert("RGB")


def _by_profile(image: Image.Image, profile: bytes) -> Image.Image:
    from PIL import ImageCms

    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    colours = image.convert("RGB") if alpha else image
    made: Any = ImageCms.profileToProfile(
        colours, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
    )
    if alpha:
        made.putalpha(alpha)
    shown: Image.Image = made
    return shown


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.info = {}
    image.save(out, "PNG")
    return out.getvalue()
