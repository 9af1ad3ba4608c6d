"""What every request passes through: client address, headers, same-origin check, request id."""
