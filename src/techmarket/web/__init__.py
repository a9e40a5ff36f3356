"""The portal (门户): pages over the same services and the same views as the API, for people who would rather look."""
