"""The files that users write: `serienpost.yaml`, policy, mailings."""
