"""Plain decompression in integers, equal to libjpeg's to the bit.

This is the picture as every viewer shows it: libjpeg's default "islow" inverse DCT (``jidctint.c``, after Loeffler,
Ligtenberg and Moschytz, 1989), its "fancy" upsampling (``jdsample.c``) and its fixed-point colour conversion
(``jdcolor.c``). Since a single wrong coefficient would show, it is the proof that the coefficients are read as libjpeg
reads them.

Coefficients that no encoder produces (beyond 16 bits when multiplied by their table) may differ: there libjpeg's own
result depends on the processor.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from qgac.jpeg.image import Component, JPEGImage, ceil_divide

Plane = npt.NDArray[np.uint8]
_Integers = npt.NDArray[np.int32]

_CHUNK = 4096  # blocks transformed at a time, so that they stay in the processor's cache
_BAND = 128  # rows converted to RGB at a time

# The inverse DCT's constants, scaled by 2^13.
_CONST_BITS = 13
_PASS1_BITS = 2
_FIX_0_298631336 = 2446
_FIX_0_390180644 = 3196
_FIX_0_541196100 = 4433
_FIX_0_765366865 = 6270
_FIX_0_899976223 = 7373
_FIX_1_175875602 = 9633
_FIX_1_501321110 = 12299
_FIX_1_847759065 = 15137
_FIX_1_961570560 = 16069
_FIX_2_053119869 = 16819
_FIX_2_562915447 = 20995
_FIX_3_072711026 = 25172

# The colour conversion's contributions of Cr to red, Cb to blue, and both to green (times 2^16, rounding included).
_CENTERED = np.arange(256, dtype=np.int32) - 128
_CR_TO_RED = ((91881 * _CENTERED + 32768) >> 16).astype(np.int16)
_CB_TO_BLUE = ((116130 * _CENTERED + 32768) >> 16).astype(np.int16)
_CR_TO_GREEN = -46802 * _CENTERED
_CB_TO_GREEN = -22554 * _CENTERED + 32768


def render(image: JPEGImage) -> npt.NDArray[np.uint8]:
    """Decompress a picture as libjpeg does.

    Parameters
    ----------
    image : JPEGImage
        The picture.

    Returns
    -------
    ndarray of uint8
        Shape (height, width) for gray, (height, width, 3) RGB for YCbCr and RGB, (height, width, 4) CMYK (255 = full
        ink) for CMYK and YCCK; what Pillow's ``Image.open`` gives. Sampling factors that do not divide the largest
        one, which libjpeg refuses, are resampled to the nearest sample.
    """
    planes = [
        upsample(decode_plane(image, component), component, image)[: image.height, : image.width]
        for component in image.components
    ]
    if image.color == "gray":
        return np.ascontiguousarray(planes[0])
    result = np.empty((image.height, image.width, len(planes)), np.uint8)
    if image.color in ("YCbCr", "YCCK"):
        for top in range(0, image.height, _BAND):
            band = slice(top, top + _BAND)
            _ycbcr_to_rgb(planes[0][band], planes[1][band], planes[2][band], result[band, :, :3])
        if image.color == "YCCK":  # its first three components become inverted RGB, which is CMY
            np.subtract(255, result[..., :3], out=result[..., :3])
            result[..., 3] = planes[3]
    else:
        np.stack(planes, axis=-1, out=result)
    if image.inverted:
        np.subtract(255, result, out=result)
    return result


def decode_plane(image: JPEGImage, component: Component) -> Plane:
    """Transform a component back to samples.

    Parameters
    ----------
    image : JPEGImage
        The picture.
    component : Component
        One of its components.

    Returns
    -------
    ndarray of uint8, shape (ceil(height * v / v_max), ceil(width * h / h_max))
        The component's samples, at its own resolution, without the padding of the last blocks.
    """
    rows, columns = component.coefficients.shape[:2]
    plane = np.empty((8 * rows, 8 * columns), np.uint8)
    band = max(1, _CHUNK // columns)
    for top in range(0, rows, band):
        samples = inverse_dct(component.coefficients[top : top + band], component.table)
        plane[8 * top : 8 * (top + band)] = samples.swapaxes(1, 2).reshape(-1, 8 * columns)
    vertical_max, horizontal_max = image.largest_factors
    height = ceil_divide(image.height * component.vertical, vertical_max)
    width = ceil_divide(image.width * component.horizontal, horizontal_max)
    return plane[:height, :width]


def inverse_dct(coefficients: npt.NDArray[np.int16], table: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint8]:
    """Dequantise blocks and transform them back, in the integers of ``jidctint.c``.

    Parameters
    ----------
    coefficients : ndarray of int16, shape (..., 8, 8)
        Quantised coefficients, natural order.
    table : ndarray of uint16, shape (8, 8)
        Quantisation steps.

    Returns
    -------
    ndarray of uint8, shape (..., 8, 8)
        Samples.
    """
    blocks = coefficients.reshape(-1, 64)
    frequencies = np.ascontiguousarray(blocks.T, np.int32) * table.reshape(64, 1).astype(np.int32)
    columns = _inverse_dct_pass(frequencies.reshape(8, 8, -1), _CONST_BITS - _PASS1_BITS)
    rows = _inverse_dct_pass(columns.swapaxes(0, 1), _CONST_BITS + _PASS1_BITS + 3).swapaxes(0, 1)
    samples = np.clip(rows + 128, 0, 255).astype(np.uint8).reshape(64, -1)
    return np.ascontiguousarray(samples.T).reshape(coefficients.shape)


def upsample(plane: Plane, component: Component, image: JPEGImage) -> Plane:
    """Bring a component to the resolution of the picture, as libjpeg's ``do_fancy_upsampling`` does.

    Parameters
    ----------
    plane : ndarray of uint8, shape (rows, columns)
        The component's samples, without padding.
    component : Component
        The component, for its sampling factors.
    image : JPEGImage
        The picture.

    Returns
    -------
    ndarray of uint8
        At least of the picture's height and width.
    """
    vertical_max, horizontal_max = image.largest_factors
    across = horizontal_max / component.horizontal
    down = vertical_max / component.vertical
    wide_enough = plane.shape[1] > 2
    if (down, across) == (1, 1):
        return plane
    if (down, across) == (1, 2) and wide_enough:
        return _double_columns(plane)
    if (down, across) == (2, 1):
        return _double_columns(plane.T).T
    if (down, across) == (2, 2) and wide_enough:
        return _double_both(plane)
    rows = np.arange(image.height) * component.vertical // vertical_max
    columns = np.arange(image.width) * component.horizontal // horizontal_max
    return plane[rows][:, columns]


def _inverse_dct_pass(values: _Integers, shift: int) -> _Integers:
    """Transform along the first axis (length 8) and divide by 2^shift, rounding."""
    # Even part.
    z1 = (values[2] + values[6]) * _FIX_0_541196100
    even2 = z1 - values[6] * _FIX_1_847759065
    even3 = z1 + values[2] * _FIX_0_765366865
    even0 = (values[0] + values[4]) << _CONST_BITS
    even1 = (values[0] - values[4]) << _CONST_BITS
    sums = (even0 + even3, even1 + even2, even1 - even2, even0 - even3)

    # Odd part, Figure 8 of the paper with its rotations merged.
    z1 = (values[7] + values[1]) * -_FIX_0_899976223
    z2 = (values[5] + values[3]) * -_FIX_2_562915447
    z3 = values[7] + values[3]
    z4 = values[5] + values[1]
    z5 = (z3 + z4) * _FIX_1_175875602
    z3 = z5 - z3 * _FIX_1_961570560
    z4 = z5 - z4 * _FIX_0_390180644
    odds = (
        values[1] * _FIX_1_501321110 + z1 + z4,
        values[3] * _FIX_3_072711026 + z2 + z3,
        values[5] * _FIX_2_053119869 + z2 + z4,
        values[7] * _FIX_0_298631336 + z1 + z3,
    )

    result = np.empty(values.shape, np.int32)
    half = 1 << (shift - 1)
    for index, (even, odd) in enumerate(zip(sums, odds, strict=True)):
        result[index] = (even + odd + half) >> shift
        result[7 - index] = (even - odd + half) >> shift
    return result


def _double_columns(plane: Plane) -> Plane:
    """Double the width: 3/4 of the nearer sample and 1/4 of the other, rounded down and up alternately."""
    samples = np.pad(plane.astype(np.uint16), ((0, 0), (1, 1)), mode="edge")
    near = 3 * samples[:, 1:-1]
    doubled = np.empty((plane.shape[0], 2 * plane.shape[1]), np.uint8)
    doubled[:, 0::2] = (near + samples[:, :-2] + 1) >> 2
    doubled[:, 1::2] = (near + samples[:, 2:] + 2) >> 2
    return doubled


def _double_both(plane: Plane) -> Plane:
    """Double width and height by the same weights, rounded once."""
    samples = np.pad(plane.astype(np.uint16), 1, mode="edge")
    doubled = np.empty((2 * plane.shape[0], 2 * plane.shape[1]), np.uint8)
    near_rows = 3 * samples[1:-1]
    for parity, far_rows in enumerate((samples[:-2], samples[2:])):
        sums = near_rows + far_rows
        near = 3 * sums[:, 1:-1]
        doubled[parity::2, 0::2] = (near + sums[:, :-2] + 8) >> 4
        doubled[parity::2, 1::2] = (near + sums[:, 2:] + 7) >> 4
    return doubled


def _ycbcr_to_rgb(luma: Plane, blue: Plane, red: Plane, result: Plane) -> None:
    result[..., 0] = np.clip(luma + _CR_TO_RED[red], 0, 255)
    result[..., 1] = np.clip(luma + ((_CB_TO_GREEN[blue] + _CR_TO_GREEN[red]) >> 16), 0, 255)
    result[..., 2] = np.clip(luma + _CB_TO_BLUE[blue], 0, 255)
