"""One year's collection as data: the model, and how it is read, paced and heard."""
