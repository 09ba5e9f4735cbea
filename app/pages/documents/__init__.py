"""The pages that people read: evidence, validation, models, references, messages, problems."""
