"""The sentences that an app can show: what an answer says, what it means for the knee, and one caution."""
