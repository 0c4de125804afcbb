lr = 0.1
class Train:
    epochs: int = 3
    layers = [1, 2, (3, "x")]
    def __init__(self):
        self.seed = 1_000
        self.on = True
