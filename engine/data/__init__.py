"""Where batches come from: arrays on the device, arrays on the host, or an iterator; and notes on the data."""
