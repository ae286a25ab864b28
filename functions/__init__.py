"""One folder a Lambda function: a thin handler and the use case that it calls."""
