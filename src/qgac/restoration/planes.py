"""The planes of a picture, restored tile by tile from the coefficients of the file.

A plane is restored alone by the Y network (gray, RGB and CMYK pictures, the K of YCCK), or Y and its two chroma planes
by both networks. How a picture is divided between the two, see :func:`plane_sources`.
"""

from __future__ import annotations

from dataclasses import replace

from qgac.jpeg.image import JPEGImage
from qgac.restoration.color_planes import ColorPlanes
from qgac.restoration.regions import PlaneSource, RegionRestorer
from qgac.restoration.single_plane import SinglePlane

__all__ = ["plane_sources"]


def plane_sources(restorer: RegionRestorer, image: JPEGImage) -> list[PlaneSource]:
    """Divide the planes of a picture between the networks.

    - Gray: the Y network. RGB and CMYK: the Y network for each plane, with the plane's own table.
    - YCbCr: both networks, if Y is the largest plane and Cb and Cr are alike and smaller by whole factors. Factors that
      the colour network does not know (4:1:1, 4:1:0, thirds) are brought to the nearest finer ones that it knows, by
      repeating samples; the projection still holds in the file's own geometry.
    - YCbCr of any other sampling: the Y network for each plane, at its own resolution. (Where Cb and Cr differ, both
      could be brought to the resolution of Y for the colour network; that is worse than plain decoding at times.)
    - YCbCr without any colour, every level of Cb and Cr being zero: Y by its network, and chroma as the file has it, so
      that gray stays gray.
    - YCCK: like YCbCr, and K by the Y network.

    Parameters
    ----------
    restorer : RegionRestorer
    image : JPEGImage

    Returns
    -------
    list of PlaneSource
        Together they have the planes of the picture, in the order of its components.
    """
    singles: list[PlaneSource] = [SinglePlane(restorer, image, component) for component in image.components]
    if image.color not in ("YCbCr", "YCCK"):
        return singles
    y, cb, cr = image.components[:3]
    if not cb.coefficients.any() and not cr.coefficients.any():
        as_decoded = replace(restorer, strength=0.0)
        return [singles[0], *(SinglePlane(as_decoded, image, plane) for plane in (cb, cr)), *singles[3:]]
    vertical, horizontal = image.largest_factors
    ratios = [(vertical / c.vertical, horizontal / c.horizontal) for c in (y, cb, cr)]
    if ratios[0] != (1, 1) or not all(ratio.is_integer() for pair in ratios for ratio in pair):
        return singles
    if ratios[1] != ratios[2]:
        return singles
    factors = int(ratios[1][0]), int(ratios[1][1])
    known = [(v, u) for v, u in restorer.engine.factors if factors[0] % v == 0 == factors[1] % u]
    if not known:
        return singles
    nearest = max(known, key=lambda pair: pair[0] * pair[1])
    size = (image.height, image.width)
    return [ColorPlanes(restorer, (y, cb, cr), size, factors, nearest), *singles[3:]]
