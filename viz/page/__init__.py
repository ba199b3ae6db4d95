"""What the HTML pages share: one file each, with a policy that lets nothing else run or be fetched.

`assemble.py` puts a page together, `shown.py` saves it and shows it in notebooks; what runs in every page
lies in `parts/`. A page's own parts lie beside its Python.
"""
