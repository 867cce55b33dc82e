"""Networks that the command takes where none is named, or by their names."""

#: Networks of images that need no file: installed packages ship them.
IMAGE_MODELS = ("efficientnet_lite0", "squeezenet")
#: The one of them that is taken where none is named.
IMAGE_MODEL = IMAGE_MODELS[0]
#: Network of texts: where the demo run leaves it.
TEXT_MODEL = "results/demo/train_text_cnn/text_cnn/model.keras"
