"""What the pages of all five services share: the Flask factory, access, forms, problems, and the look."""
