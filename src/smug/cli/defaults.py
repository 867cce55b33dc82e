"""Networks that the command takes where none is named."""

#: Network of images: it needs no file.
IMAGE_MODEL = "efficientnet_lite0"
#: Network of texts: where the demo run leaves it.
TEXT_MODEL = "results/demo/train_text_cnn/model.keras"
