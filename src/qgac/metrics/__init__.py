"""What the paper measures: PSNR, PSNR-B, SSIM."""

from qgac.metrics.psnr import psnr
from qgac.metrics.psnr_b import psnr_b
from qgac.metrics.ssim import ssim

__all__ = ["psnr", "psnr_b", "ssim"]
