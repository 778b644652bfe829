"""The Chinese text, one module a noun: `TEXT = {English template: Chinese template}`."""
