"""The GAN stage: textures against a discriminator."""
