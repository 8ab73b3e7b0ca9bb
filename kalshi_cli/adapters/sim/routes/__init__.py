"""The exchange's endpoints under `/trade-api/v2`."""
