"""The page to send: one HTML file that shows the answers and computes what its reader chooses.

`periods` says which months the page has, `sold` which sums it holds for them, `listings` and
`causes` what it shows beside them. `contents` puts these together as typed data, `document` writes
them into the page, and the files of `assets` show them in a browser.
"""
